// `ftp-alg top` in front of a gateway on loopback: line by line, and on a terminal that is a pseudo terminal of script(1).
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test, vi } from "vitest";
import { until } from "../../gateway/stage.ts";
import { setApi } from "../../observe/api/api-stage.ts";
import { runCommand, startCommand } from "../run-command.ts";

// A whole program is started.
vi.setConfig({ testTimeout: 20_000 });

const main = fileURLToPath(new URL("../../../src/main.ts", import.meta.url));
const takeScreen = "\u001b[?1049h";
const giveBack = "\u001b[?25h\u001b[?1049l";

test("where there is no terminal a line is printed each time", async () => {
  const api = await setApi();
  await api.login();
  const running = startCommand(["top", "--interval", "0.1", "--admin", api.url]);
  await until(() => running.out().split("\n").length > 3);
  running.stop();
  const { code, out } = await running.ended;
  expect(code).toBe(0);
  for (const line of out.trimEnd().split("\n"))
    expect(line).toMatch(
      /^\d\d:\d\d:\d\d running sessions=1 new=[\d.]+\/s transfers=0 down=\S+ up=\S+ failures=0 refusals=0$/,
    );
});

test("an interval that is none is wrong usage", async () => {
  expect(await runCommand(["top", "--interval", "0"])).toMatchObject({ code: 2 });
});

/** The program on a terminal of 100 columns and 30 rows. */
function onTerminal(url: string) {
  const command = `stty cols 100 rows 30; exec ${process.execPath} ${main} top --admin ${url} --interval 0.1`;
  const child = spawn("script", ["--quiet", "--return", "--flush", "--command", command, "/dev/null"]);
  onTestFinished(() => void child.kill("SIGKILL"));
  let text = "";
  child.stdout.on("data", (chunk) => (text += String(chunk)));
  const ended = new Promise<number | null>((resolve) => void child.on("close", resolve));
  return { text: () => text, type: (keys: string) => void child.stdin.write(keys), ended };
}

test("on a terminal it takes the screen, shows sessions, failures and a ladder by keys, and q gives the screen back", async () => {
  const api = await setApi({ PASV: (s) => s.say("227 Somewhere") });
  const client = await api.login();
  await client.ask("PASV");
  const terminal = onTerminal(api.url);
  await until(() => terminal.text().includes("Newest failures"), 10_000);
  expect(terminal.text()).toContain(takeScreen);
  terminal.type("f");
  await until(() => terminal.text().includes("Failures, the newest first"));
  terminal.type("\r");
  await until(() => /esc back[^]*USER/.test(terminal.text()));
  terminal.type("\u001b");
  await until(() => terminal.text().lastIndexOf("f sessions") > terminal.text().lastIndexOf("esc back"));
  terminal.type("q");
  expect(await terminal.ended).toBe(0);
  expect(terminal.text().endsWith(giveBack)).toBe(true);
});

test("a gateway that goes away while it is watched is said on the screen, and ctrl-c ends it", async () => {
  let isThere = true;
  const api = await setApi({}, {}, { token: () => (isThere ? undefined : "a-token-that-nobody-knows") });
  const terminal = onTerminal(api.url);
  await until(() => terminal.text().includes("q quit"), 10_000);
  isThere = false;
  await until(() => terminal.text().includes("asks for a token"));
  terminal.type("\u0003");
  expect(await terminal.ended).toBe(0);
  expect(terminal.text().endsWith(giveBack)).toBe(true);
});
