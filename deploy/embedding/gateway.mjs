// @ts-check
// A gateway inside your own program: `node gateway.mjs SERVER[:PORT]`. It tells who transfers what, and ends by SIGTERM or Ctrl-C.
import { once } from "node:events";
import { createGateway } from "ftp-alg";

const [, , server = "127.0.0.1:21"] = process.argv;

const gateway = await createGateway({
  gateways: [{ name: "embedded", listen: "127.0.0.1:0", route: { server }, dataPlane: "relay" }],
});

gateway.events.on("session-started", ({ session, client }) => console.log(`${session}: ${client} has come`));
gateway.events.on("transfer-ended", ({ session, transfer }) => {
  const { verb, path, bytesDown, bytesUp, outcome } = transfer;
  console.log(`${session}: ${verb} ${path}, ${bytesDown + bytesUp} bytes, ${outcome}`);
});
gateway.events.on("failure", ({ session, failure }) =>
  console.log(`${session}: ${failure.sentence} ${failure.advice}`),
);

for (const { gateway: name, listeners } of await gateway.start())
  console.log(`${name} listens at ${listeners.join(", ")}`);

await Promise.race([once(process, "SIGTERM"), once(process, "SIGINT")]);

const sessions = /^ftp_alg_sessions_total\{.*end="quit"\} (\d+)$/m.exec(await gateway.metrics());
console.log(`${sessions?.[1] ?? 0} sessions ended with QUIT`);

// Transfers may end, up to timeouts.drain; then nothing is left of it, and the process ends by itself.
await gateway.drain();
await gateway.stop();
