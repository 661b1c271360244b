// Ladder picture: the one in the front page, of a transfer that is really made: a passive client, the gateway, and a server that is asked
// for active mode, on loopback. `node test/pictures/ladder-picture.ts` draws it anew.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Writable } from "node:stream";
import { Client, enterPassiveModeIPv4 } from "basic-ftp";
import { configFromArguments } from "../../src/config/from-arguments.ts";
import { createRelayPlane } from "../../src/dataplane/relay/relay.ts";
import { startFtpServer } from "../../src/demo/ftp-server.ts";
import { createGateway } from "../../src/gateway/gateway.ts";
import { createSharedResources } from "../../src/gateway/shared-resources.ts";
import { formatEndpoint } from "../../src/net/endpoint.ts";
import { createEventFeed } from "../../src/observe/event-feed.ts";
import type { KeptSession } from "../../src/observe/kept-session.ts";
import { ofTransfer } from "../../src/observe/ladder/ladder-rows.ts";
import { layOut } from "../../src/observe/ladder/layout.ts";
import { drawSvg } from "../../src/observe/ladder/svg-ladder.ts";
import { createLogger } from "../../src/observe/log.ts";
import { createMetrics } from "../../src/observe/metrics.ts";
import { createSessionHistory } from "../../src/observe/session-history.ts";
import { createTelemetry } from "../../src/observe/telemetry.ts";

export const pictureFile = join(import.meta.dirname, "..", "..", "deploy", "pictures", "ladder.svg");

/** Three of this machine, so that the ends can be told apart. The client is 127.0.0.1. */
const gatewayAddress = "127.0.0.2";
const serverAddress = "127.0.0.3";
const fileName = "debian-13.iso";

export async function drawLadderPicture(): Promise<string> {
  const server = await startFtpServer({
    listen: { address: serverAddress, port: 0 },
    files: { [fileName]: Buffer.alloc(30_000_000) },
  });
  const feed = createEventFeed();
  const limits = { sessions: 10, failures: 10, bytesPerSession: 65_536, totalBytes: 1_000_000 };
  const history = createSessionHistory(limits, feed);
  const ended = new Promise<KeptSession | undefined>((resolve) => {
    feed.subscribe((event) => {
      if (event.kind === "session-ended") resolve(history.find(event.session.id));
    });
  });
  const parsed = configFromArguments({ listen: [`${gatewayAddress}:0`], server: formatEndpoint(server.endpoint) });
  const options = parsed.ok ? parsed.config.gateways[0] : undefined;
  if (options === undefined) throw new Error("the configuration is wrong");
  const logger = createLogger({ level: "fatal", format: "json" }, () => {});
  const plane = createRelayPlane();
  const gateway = createGateway(
    { ...options, name: "public", serverSide: { ...options.serverSide, mode: "active" } },
    {
      telemetry: createTelemetry({ metrics: createMetrics("0"), logger, history, feed }).gateway("public"),
      plane,
      shared: createSharedResources(),
    },
  );
  try {
    const [entrance] = await gateway.start();
    await download(entrance?.port ?? 0);
    const session = await ended;
    const ladder = session && ofTransfer(layOut(session), 1);
    if (ladder === undefined) throw new Error("the transfer was not made");
    return `${drawSvg(ladder)}\n`;
  } finally {
    await gateway.stop();
    await plane.stop();
    await server.stop();
  }
}

async function download(port: number): Promise<void> {
  const client = new Client(10_000);
  client.prepareTransfer = enterPassiveModeIPv4;
  try {
    await client.access({ host: gatewayAddress, port, user: "anna", password: "not-to-be-seen" });
    await client.downloadTo(new Writable({ write: (_chunk, _encoding, done) => done() }), fileName);
    await client.send("QUIT");
  } finally {
    client.close();
  }
}

if (import.meta.main) writeFileSync(pictureFile, await drawLadderPicture());
