// How many files of ours a line enters: whoever follows it through the code has to open each of them.
import { Session } from "node:inspector/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { isOnLoop } from "../sockets/tested-sockets.ts";
import { setClient, setGateway, setServer } from "./stage.ts";

/** The source files in which something runs from the call until `until` resolves. */
async function filesEntered(act: () => void, until: Promise<void>): Promise<string[]> {
  const inspector = new Session();
  inspector.connect();
  onTestFinished(() => inspector.disconnect());
  await inspector.post("Profiler.enable");
  await inspector.post("Profiler.startPreciseCoverage", { callCount: true, detailed: false });
  await inspector.post("Profiler.takePreciseCoverage");
  act();
  await until;
  const { result } = await inspector.post("Profiler.takePreciseCoverage");
  const entered = result.filter(({ functions }) =>
    functions.some(({ functionName: name, ranges }) => name && ranges[0]?.count),
  );
  return entered.flatMap(({ url }) => url.split("/src/")[1]?.replace(/\?.*/, "") ?? []).toSorted();
}

test("a line of a client enters thirteen files on its way to the server, and eleven more beside it", async () => {
  let reached = (): void => {};
  const atServer = new Promise<void>((resolve) => (reached = resolve));
  const server = await setServer({ NOOP: () => reached() });
  const client = await setClient(await setGateway(server.port));
  await client.login();
  // The first line of its kind may load what later ones do not.
  await client.ask("PWD");
  await sleep(50);
  const path = [
    "ftp/command-reader.ts",
    "ftp/command.ts",
    "gateway/control/control-connection.ts",
    "gateway/control/line-format.ts",
    "gateway/driver/session-driver.ts",
    "session/client-commands.ts",
    "session/policy.ts",
    "session/session.ts",
    "session/wanted-input.ts",
    "session/work.ts",
    isOnLoop ? "sockets/loop/loop-transport.ts" : "sockets/node-transport.ts",
    "sockets/socket-calls.ts",
    "sockets/transport.ts",
  ];
  const beside = [
    // The client's share of commands.
    "gateway/driver/command-pace.ts",
    "gateway/entrance/bounded-limiter.ts",
    "gateway/entrance/client-rates.ts",
    "gateway/entrance/entrance.ts",
    "sockets/soon.ts",
    "gateway/driver/session-timers.ts",
    "observe/late-records.ts",
    "observe/seconds-histogram.ts",
    "observe/session-observer.ts",
    "session/ending.ts",
    "session/state.ts",
    // What Node's event loop does otherwise.
    ...(isOnLoop ? ["sockets/loop/loop.ts", "sockets/loop/poller.ts"] : []),
  ];
  expect(await filesEntered(() => client.write("NOOP\r\n"), atServer)).toEqual([...path, ...beside].toSorted());
});
