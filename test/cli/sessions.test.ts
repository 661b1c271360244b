// `ftp-alg sessions` in front of a gateway on loopback.
import { expect, test } from "vitest";
import { formatSessions } from "../../src/cli/sessions.ts";
import { plain } from "../../src/cli/style.ts";
import type { SessionAnswer } from "../../src/observe/api/schemas.ts";
import { until } from "../gateway/stage.ts";
import { setApi } from "../observe/api/api-stage.ts";
import { runCommand } from "./run-command.ts";

/** One session that has failed, one that ended well, one that runs. */
async function setSessions() {
  const api = await setApi({ PASV: (s) => s.say("227 Somewhere") });
  const failed = await api.login();
  await failed.ask("PASV");
  await failed.ask("QUIT");
  const quit = await api.login();
  await quit.ask("QUIT");
  const live = await api.login();
  await until(async () => (await (await api.fetch("/api/sessions?state=ended")).text()).includes('"quit"'));
  return { ...api, live };
}

test("sessions are listed newest first, one a line where no terminal reads them", async () => {
  const { url } = await setSessions();
  const { code, out, err } = await runCommand(["sessions", "--admin", url]);
  expect([code, err]).toEqual([0, ""]);
  const [head = "", ...lines] = out.trimEnd().split("\n");
  expect(head).toMatch(/^TIME +SESSION +GATEWAY +CLIENT +SERVER +USER +STATE +TRANSFERS +UP +DOWN +FAILURE$/);
  expect(lines.map((line) => / (live|quit|client-gone) /.exec(line)?.[1])).toEqual(["live", "quit", "quit"]);
  expect(lines[2]).toMatch(/ server-control: .*227/);
  const at = head.indexOf("CLIENT");
  expect(lines.every((line) => line.slice(at).startsWith("127.0.0.1:"))).toBe(true);
});

test("on a terminal a failure stands below its session, and no line is wider than the terminal", async () => {
  const { url } = await setSessions();
  const { out } = await runCommand(["sessions", "--failed", "--admin", url], { columns: 90, env: { NO_COLOR: "1" } });
  const lines = out.trimEnd().split("\n");
  expect(lines.every((line) => [...line].length <= 90)).toBe(true);
  expect(lines[2]).toMatch(/^ {2}↳ server-control: /);
});

test("filters, a limit and JSON are the API's", async () => {
  const { url } = await setSessions();
  const ids = async (...argv: string[]) => {
    const { out } = await runCommand(["sessions", "--json", "--admin", url, ...argv]);
    return (JSON.parse(out) as { sessions: SessionAnswer[] }).sessions.map(({ id }) => id);
  };
  const [live, quit, failed] = await ids();
  expect(await ids("--failed")).toEqual([failed]);
  expect(await ids("--limit", "2")).toEqual([live, quit]);
  expect(await ids("--client", "10.0.0.0/8")).toEqual([]);
  const { err } = await runCommand(["sessions", "--limit", "1", "--admin", url]);
  expect(err).toBe("(there are more than 1; --limit shows them)\n");
});

test("a gateway that there is not is named with the one that may be meant", async () => {
  const { url } = await setSessions();
  const { code, err } = await runCommand(["sessions", "--gateway", "tset", "--admin", url]);
  expect([code, err]).toEqual([1, "error: no gateway is called tset; did you mean test?\n"]);
  const none = await runCommand(["sessions", "--gateway", "test", "--user", "nobody", "--admin", url]);
  expect(none).toMatchObject({ code: 0, err: "no such session is kept\n" });
});

test("a network that is none is answered with what the API says", async () => {
  const { url } = await setApi();
  const { code, err } = await runCommand(["sessions", "--client", "ten", "--admin", url]);
  expect([code, err]).toEqual([
    1,
    `error: ${url} answers 400: client: expected an address or a network such as 10.0.0.0/8\n`,
  ]);
});

test("what a peer chose acts on no terminal", () => {
  const session = { id: "a", gateway: "g", client: "192.0.2.1:1", user: "\u001b[2Jx\n", state: "live", running: [] };
  const rest = { startedAt: "2026-01-01T00:00:00Z", transferCount: 0, bytesUp: 0, bytesDown: 0 };
  const look = { timeOf: (iso: string) => iso, width: undefined, paint: plain };
  const text = formatSessions([{ ...session, ...rest } as unknown as SessionAnswer], look);
  expect(text).toContain(String.raw`\u001b[2Jx\u000a`);
  expect(text.trimEnd().split("\n").length).toBe(2);
});

test("a limit that is none is wrong usage", async () => {
  expect(await runCommand(["sessions", "--limit", "0"])).toMatchObject({ code: 2 });
});
