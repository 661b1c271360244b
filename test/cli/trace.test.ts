// `ftp-alg trace` in front of a gateway on loopback.
import { expect, test } from "vitest";
import type { SessionAnswer } from "../../src/observe/api/schemas.ts";
import { until } from "../gateway/stage.ts";
import { setApi, type ApiStage } from "../observe/api/api-stage.ts";
import { runCommand, startCommand } from "./run-command.ts";

async function newestId({ fetch }: ApiStage): Promise<string> {
  const { sessions } = (await (await fetch("/api/sessions")).json()) as { sessions: SessionAnswer[] };
  return sessions[0]?.id ?? "";
}

test("a session is printed as ladder, transcript, Mermaid and SVG, the ladder as wide as the terminal", async () => {
  const api = await setApi();
  const client = await api.login();
  await client.ask("NOOP");
  const id = await newestId(api);
  const trace = async (...argv: string[]) =>
    (await runCommand(["trace", id, "--admin", api.url, ...argv], { columns: 90 })).out;
  const ladder = await trace();
  expect(ladder).toMatch(/^client +gateway +server$/m);
  expect(Math.max(...ladder.split("\n").map((line) => line.length))).toBe(90);
  expect(await trace("--format", "transcript")).toMatch(/^C> NOOP$/m);
  expect(await trace("--format", "mermaid")).toMatch(/^sequenceDiagram$/m);
  expect(await trace("--format", "svg")).toMatch(/^<svg [^]*>NOOP<[^]*<\/svg>\n$/);
  const { code, err } = await runCommand(["trace", id, "--follow", "--format", "svg"]);
  expect([code, err]).toEqual([2, expect.stringContaining("a picture is of a whole session")]);
});

test("a session that is followed is printed line by line, and the command ends with it", async () => {
  const api = await setApi();
  const client = await api.login();
  const argv = ["trace", await newestId(api), "--follow", "--format", "transcript", "--admin", api.url];
  const running = startCommand(argv);
  await until(() => running.out().includes("C> USER"));
  expect(running.out()).not.toContain("C> NOOP");
  await client.ask("NOOP");
  await until(() => running.out().includes("C> NOOP"));
  await client.ask("QUIT");
  const { code, out } = await running.ended;
  expect(code).toBe(0);
  expect(out.split("\n").filter((line) => line === "C> NOOP")).toEqual(["C> NOOP"]);
  expect(out).toMatch(/end quit\n$/);
  expect(out).toBe((await runCommand(argv)).out);
});

test("following ends when the command is told to end", async () => {
  const api = await setApi();
  await api.login();
  const running = startCommand(["trace", await newestId(api), "--follow", "--admin", api.url]);
  await until(() => running.out().includes("USER"));
  running.stop();
  expect((await running.ended).code).toBe(0);
});

test("what a session failed at, and what to do, stands in its ladder", async () => {
  const api = await setApi({ PASV: (s) => s.say("227 Somewhere") });
  const client = await api.login();
  await client.ask("PASV");
  const { out } = await runCommand(["trace", await newestId(api), "--admin", api.url]);
  expect(out).toMatch(/ server-control: no-endpoint [^]*✕ .*227[^]*→ /);
});

test("an id that is not kept is named with the one that may be meant", async () => {
  const api = await setApi();
  const argv = ["trace", "zzz", "--admin", api.url];
  expect((await runCommand(argv)).err).toBe("error: no session zzz is kept: the gateway has had none yet\n");
  await api.login();
  const id = await newestId(api);
  expect((await runCommand(argv)).err).toBe("error: no session zzz is kept; ftp-alg sessions lists those that are\n");
  const near = `${id.slice(0, -1)}_`;
  const { code, err } = await runCommand(["trace", near, "--admin", api.url]);
  expect([code, err]).toEqual([1, `error: no session ${near} is kept; did you mean ${id}?\n`]);
});
