// Demonstration, `ftp-alg demo`: an FTP server, a gateway in front of it and clients, all in this process and on loopback;
// real transfers in each mode, each session drawn as a ladder. It needs no privileges, no configuration and no fixed port.
import { randomBytes } from "node:crypto";
import { networkInterfaces } from "node:os";
import { configFrom } from "../config/parse.ts";
import { createRelayPlane } from "../dataplane/relay/relay.ts";
import { createGateway, type Gateway } from "../gateway/gateway.ts";
import type { CertificateFiles, GatewayOptions } from "../gateway/options.ts";
import { createSharedResources } from "../gateway/shared-resources.ts";
import { familyOf, formatEndpoint, type Endpoint } from "../net/endpoint.ts";
import { createAdmin } from "../observe/admin.ts";
import type { ApiDeps } from "../observe/api/api.ts";
import { createEventFeed } from "../observe/event-feed.ts";
import { layOut } from "../observe/ladder/layout.ts";
import { drawText } from "../observe/ladder/text-ladder.ts";
import { createLogger } from "../observe/log.ts";
import { createMetrics, type Metrics } from "../observe/metrics.ts";
import { createTrafficSampler } from "../observe/page/traffic-sampler.ts";
import { createSessionHistory } from "../observe/session-history.ts";
import { createTelemetry } from "../observe/telemetry.ts";
import type { Io } from "../process/io.ts";
import { processApi, type ProcessParts } from "../process/process-api.ts";
import { readVersion } from "../process/version.ts";
import { connectActiveClient, formatActive } from "./active-client.ts";
import { writeDemoCertificate } from "./demo-certificate.ts";
import { startFtpServer, type FtpServer } from "./ftp-server.ts";
import { collectEndedSessions, type EndedSessions } from "./ended-sessions.ts";
import { movedMetrics } from "./moved-metrics.ts";
import { clientAddress, demoPassword, demoSessions, demoUser, runSession, type Verdict } from "./sessions.ts";

/** What the server believes to be its address: one that exists only behind the gateway. */
const serverAddress = "192.168.77.5";
const loopback = "127.0.0.1";
const fileName = "example.bin";
const endOfSessionMs = 5000;
/** Somebody's session of a whole day is not kept. */
const historyLimits = { sessions: 10, failures: 10, bytesPerSession: 2 ** 20, totalBytes: 2 ** 24 };

type Output = Pick<Io, "out" | "stop">;

/** Returns the exit code: 0 if every byte of every transfer arrived. With `stay` it then serves until `io.stop`. */
export async function demo({ stay }: { stay: boolean }, io: Output): Promise<number> {
  const server = await startFtpServer({
    listen: { address: loopback, port: 0 },
    greeting: "Demonstration server",
    announce: serverAddress,
    files: { [fileName]: randomBytes(1_000_000), "readme.txt": Buffer.from("Fetched through the gateway.\n") },
  });
  const metrics = createMetrics(readVersion());
  // What happened is drawn instead of logged.
  const logger = createLogger({ level: "fatal", format: "json" }, () => {});
  const feed = createEventFeed();
  const history = createSessionHistory(historyLimits, feed);
  const ended = collectEndedSessions(history, feed);
  const plane = createRelayPlane();
  const telemetry = createTelemetry({ metrics, logger, history, feed });
  const certificate = await writeDemoCertificate();
  const gateway = createGateway(gatewayOptions(server.endpoint, certificate.files), {
    telemetry: telemetry.gateway("demo"),
    plane,
    shared: createSharedResources(),
  });
  try {
    const entrances = await gateway.start();
    const stage = { server, entrances, metrics, ended, trusted: certificate.cert };
    const verdicts = await showTransfers(stage, io);
    const failed = report(verdicts, io);
    if (stay && !io.stop.aborted) {
      const api = pageApi({ metrics, history, feed, telemetry, gateway });
      await serveUntilStopped(server.endpoint, entrances, { metrics, api }, ended, io);
    }
    return failed ? 1 : 0;
  } finally {
    await gateway.stop();
    await plane.stop();
    await server.stop();
    await certificate.remove();
  }
}

function gatewayOptions(server: Endpoint, certificate: CertificateFiles): GatewayOptions {
  const hasIPv6 = Object.values(networkInterfaces()).some((list) => list?.some(({ address }) => address === "::1"));
  const listen = [`${loopback}:0`, ...(hasIPv6 ? ["[::1]:0"] : [])];
  const parsed = configFrom({
    tls: { certificates: certificate },
    gateways: [{ listen, route: { server: formatEndpoint(server) }, policy: { tls: "terminate" } }],
  });
  const options = parsed.ok ? parsed.config.gateways[0] : undefined;
  if (!options) throw new Error("the configuration of the demonstration is wrong");
  return { ...options, name: "demo" };
}

type Stage = {
  readonly server: FtpServer;
  readonly entrances: readonly Endpoint[];
  readonly metrics: Metrics;
  readonly ended: EndedSessions;
  /** The gateway's certificate. */
  readonly trusted: string;
};

async function showTransfers(
  { server, entrances, metrics, ended, trusted }: Stage,
  io: Output,
): Promise<readonly Verdict[]> {
  io.out(
    `A server   ${formatEndpoint(server.endpoint)}, which takes itself for ${serverAddress}\n` +
      `A gateway  ${entrances.map(formatEndpoint).join(" and ")}\n` +
      `Clients    which take themselves for ${clientAddress[4]} and ${clientAddress[6]}\n\n`,
  );
  io.out(`Without the gateway\n${await talkWithoutGateway(server.endpoint)}\n`);

  const before = await metrics.text();
  const verdicts: Verdict[] = [];
  for (const session of demoSessions) {
    const entrance = entrances.find(({ address }) => familyOf(address) === session.family);
    if (!entrance || io.stop.aborted) continue;
    const results = await runSession(session, entrance, { name: fileName, files: server.files, trusted });
    verdicts.push(...results);
    io.out(`${session.title}\n\n${drawText(layOut(await ended.next(endOfSessionMs)))}\n\n`);
    for (const result of results) io.out(`  ${formatVerdict(result)}\n`);
    io.out("\n");
  }
  const moved = movedMetrics(before, await metrics.text());
  io.out(`Metrics that moved\n${moved.map((line) => `  ${line}\n`).join("")}\n`);
  return verdicts;
}

/** The two answers that make a gateway necessary, from the same server. */
async function talkWithoutGateway(server: Endpoint): Promise<string> {
  const client = await connectActiveClient(server);
  try {
    await client.login(demoUser, demoPassword);
    const lines = [formatActive("PORT", { address: clientAddress[4], port: 2581 }), "PASV"];
    const meanings = ["the server does not, and could not, connect there", "the client can't connect there"];
    let text = "";
    for (const [index, line] of lines.entries()) {
      const reply = await client.command(line);
      text += `  C> ${line}\n  S> ${reply.text}     (${meanings[index]})\n`;
    }
    await client.quit();
    return text;
  } finally {
    client.close();
  }
}

function formatVerdict({ transfer, verified, detail }: Verdict): string {
  return `${verified ? "✓" : "✗"} ${transfer}: ${detail}`;
}

/** Prints the summary; true if anything failed. */
function report(verdicts: readonly Verdict[], io: Output): boolean {
  const failures = verdicts.filter(({ verified }) => !verified);
  io.out(`${verdicts.length} transfers, ${verdicts.length - failures.length} verified\n`);
  for (const failure of failures) io.out(`${formatVerdict(failure)}\n`);
  return failures.length > 0 || verdicts.length === 0;
}

type Parts = Pick<ProcessParts, "metrics" | "history" | "feed" | "telemetry"> & { readonly gateway: Gateway };

/** There is no token, so nobody asks it to act. */
function pageApi({ gateway, ...parts }: Parts): ApiDeps {
  return processApi({
    ...parts,
    version: readVersion(),
    gateways: { facts: () => [gateway.facts()], endSession: gateway.endSession },
    isReady: gateway.isReady,
    isStopping: () => false,
    requests: { reload: () => Promise.reject(new Error("the demonstration has no configuration")), drain() {} },
  });
}

async function serveUntilStopped(
  server: Endpoint,
  entrances: readonly Endpoint[],
  shown: { readonly metrics: Metrics; readonly api: ApiDeps },
  ended: EndedSessions,
  io: Output,
): Promise<void> {
  const traffic = createTrafficSampler(shown.metrics);
  traffic.start();
  const listen = { address: loopback, port: 0 };
  const admin = createAdmin({ listen, ...shown, isReady: () => true, traffic: traffic.points });
  const page = formatEndpoint(await admin.start());
  const [entrance = server] = entrances;
  const at = formatEndpoint(entrance);
  ended.each((session) => io.out(`\n${drawText(layOut(session))}\n`));
  io.out(
    `\nThe gateway stays, any user and password will do:\n` +
      `  curl ftp://${at}/readme.txt                     passive\n` +
      `  curl --ftp-port - ftp://${at}/readme.txt        active\n` +
      `  curl -T FILE ftp://${at}/                       upload\n` +
      `  curl --ssl-reqd -k ftp://${at}/readme.txt       under TLS\n` +
      `  lftp -u demo,demo ftp://${at}\n` +
      `In a browser: http://${page}/\n` +
      `Each session is drawn here when it ends. Ctrl-C ends the demonstration.\n`,
  );
  try {
    if (!io.stop.aborted) await new Promise((resolve) => io.stop.addEventListener("abort", resolve, { once: true }));
  } finally {
    traffic.stop();
    await admin.stop();
  }
}
