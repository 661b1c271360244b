// All sixteen pairs of client mode and server mode, over both address families on either side, as far as the pair exists:
// PORT and PASV have no room for an IPv6 address. One transfer in each, from the client's word to the completion reply.
import { describe, expect, test } from "vitest";
import type { Family } from "../../src/net/endpoint.ts";
import { isPassive, modes, type Mode } from "../../src/session/mode.ts";
import { play, type PlayOptions } from "./play.ts";

const exists: Record<Family, readonly Mode[]> = { 4: modes, 6: ["EPRT", "EPSV"] };

const client = {
  4: { address: "192.168.1.100", gateway: "192.0.2.1", PORT: "192,168,1,100,10,21", EPRT: "|1|192.168.1.100|2581|" },
  6: { address: "fd00:1::100", gateway: "fd00:1::1", PORT: "", EPRT: "|2|fd00:1::100|2581|" },
};
const server = {
  4: { address: "10.0.0.5", gateway: "10.0.0.1", PORT: "10,0,0,1,199,56", EPRT: "|1|10.0.0.1|51000|" },
  6: { address: "fd00:2::5", gateway: "fd00:2::1", PORT: "", EPRT: "|2|fd00:2::1|51000|" },
};

type Pair = { clientMode: Mode; clientFamily: Family; serverMode: Mode; serverFamily: Family };

const families: readonly Family[] = [4, 6];
const pairs: readonly Pair[] = families.flatMap((clientFamily) =>
  families.flatMap((serverFamily) =>
    exists[clientFamily].flatMap((clientMode) =>
      exists[serverFamily].map((serverMode) => ({ clientMode, clientFamily, serverMode, serverFamily })),
    ),
  ),
);

function literal(address: string, port: number): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

function said(mode: Mode, side: { PORT: string; EPRT: string }): string {
  return mode === "PORT" || mode === "EPRT" ? `${mode} ${side[mode]}` : mode;
}

/** The modes that the gateway tries before, with this configuration, and that the server rejects here. */
function rejectedBefore({ serverMode, serverFamily }: Pair, isVerbatim: boolean): readonly Mode[] {
  if (isVerbatim || serverFamily === 6) return [];
  return serverMode === "PASV" ? ["EPSV"] : serverMode === "EPRT" ? ["PORT"] : [];
}

/** Which legs are under TLS. */
type Legs = { readonly client: boolean; readonly server: boolean };
const inClear: Legs = { client: false, server: false };

function opening(pair: Pair, legs: Legs): readonly string[] {
  const [here, there] = [client[pair.clientFamily], server[pair.serverFamily]];
  const [atClient, atServer] = [legs.client, legs.server].map((isUnderTls) => (isUnderTls ? " under TLS" : ""));
  const clientEnd = `${literal(here.address, 2581)} from 20${atClient}`;
  const serverEnd = `${literal(there.address, 51210)}${atServer}`;
  const [clientDials, serverDials] = [isPassive(pair.clientMode), !isPassive(pair.serverMode)];
  const listening = [literal(here.gateway, 50010), `server side ${literal(there.gateway, 51000)}`];
  if (clientDials && serverDials) {
    const peers = `${here.address}${atClient} and ${there.address}${atServer}`;
    return [`     open both sides for ${peers}`, `opened ${listening.join(", ")}`];
  }
  if (clientDials)
    return [`     open client side for ${here.address}${atClient}, dial ${serverEnd}`, `opened ${listening[0]}`];
  if (serverDials)
    return [`     open server side for ${there.address}${atServer}, dial ${clientEnd}`, `opened ${listening[1]}`];
  return [`     dial ${serverEnd} and ${clientEnd}`, "opened"];
}

/** From the client's word to the gateway's answer. */
function negotiation(pair: Pair, isVerbatim: boolean, legs: Legs): readonly string[] {
  const { clientMode, serverMode } = pair;
  const ours = server[pair.serverFamily];
  const rejected = rejectedBefore(pair, isVerbatim);
  const lines = [`C> ${said(clientMode, client[pair.clientFamily])}`];
  const open = opening(pair, legs);
  if (isPassive(serverMode)) {
    for (const mode of rejected) lines.push(`     >S ${mode}`, "S> 500 Unknown", `     learn that ${mode} is rejected`);
    const announced =
      serverMode === "PASV" ? "227 Entering Passive Mode (10,0,0,5,200,10)" : "229 Extended (|||51210|)";
    lines.push(`     >S ${serverMode}`, `S> ${announced}`, ...open);
  } else {
    lines.push(...open);
    for (const mode of rejected) {
      lines.push(`     >S ${said(mode, ours)}`, "S> 500 Unknown", `     learn that ${mode} is rejected`);
    }
    lines.push(`     >S ${said(serverMode, ours)}`, "S> 200 Yes");
  }
  const answers: Record<Mode, string> = {
    PASV: "227 Entering Passive Mode (192,0,2,1,195,90)",
    EPSV: "229 Entering Extended Passive Mode (|||50010|)",
    PORT: isVerbatim ? "200 Yes" : "200 PORT command successful.",
    EPRT: isVerbatim ? "200 Yes" : "200 EPRT command successful.",
  };
  if (!isPassive(clientMode) && isPassive(serverMode)) lines.push("     start");
  const isReached = !isPassive(clientMode) && isPassive(serverMode);
  return [...lines, `     >C ${answers[clientMode]}`, ...(isReached ? ["reached server"] : [])];
}

const transfer = `
C> RETR a
     >S RETR a
S> 150 Here
     >C 150 Here
     confirm
joined
S> 226 Complete
     linger
delivered
     >C 226 Complete
closed complete 0 up 5 down in 1 ms`;

function checkPair(pair: Pair, options: PlayOptions, isVerbatim: boolean, legs = inClear): void {
  const script = negotiation(pair, isVerbatim, legs).join("\n") + transfer;
  const { facts, session } = play(script, { client: pair.clientFamily, server: pair.serverFamily, ...options });
  expect(facts).toContainEqual({ kind: "translated", from: pair.clientMode, to: pair.serverMode });
  expect(facts.at(-1)).toMatchObject({ clientMode: pair.clientMode, serverMode: pair.serverMode, outcome: "complete" });
  expect(session.transfers).toEqual([]);
}

describe("a transfer", () => {
  test("exists for thirty-six pairs of mode and family", () => {
    expect(pairs).toHaveLength(36);
  });

  test.each(pairs)("from $clientMode over IPv$clientFamily to $serverMode over IPv$serverFamily", (pair) => {
    const serverMode = isPassive(pair.serverMode) ? "passive" : "active";
    checkPair(pair, { serverMode }, false);
  });

  const protectedLegs: readonly Legs[] = [
    { client: true, server: false },
    { client: false, server: true },
    { client: true, server: true },
  ];
  const connectedTo: Record<Family, string> = { 4: "10.0.0.5:21", 6: "[fd00:2::5]:21" };
  const login = ["C> USER u", "S> 331 password", "C> PASS p", "S> 230 in"];

  test.each(pairs.flatMap((pair) => protectedLegs.map((legs) => ({ ...pair, legs }))))(
    "from $clientMode over IPv$clientFamily to $serverMode over IPv$serverFamily, TLS on the legs $legs",
    ({ legs, ...pair }) => {
      const before = [
        ...[`connected ${connectedTo[pair.serverFamily]}`, "S> 220 ready"],
        ...(legs.server ? ["S> 234 go", "tls started server", "S> 200 PBSZ=0", "S> 200 private"] : []),
        ...(legs.client ? ["C> AUTH TLS", "tls started client", ...login, "C> PBSZ 0", "C> PROT P"] : login),
      ].join("\n");
      const tls = { server: { mode: legs.server ? ("required" as const) : ("off" as const) } };
      const serverMode = isPassive(pair.serverMode) ? "passive" : "active";
      checkPair(pair, { serverMode, tls, before }, false, legs);
    },
  );

  const alike = pairs.filter((pair) => pair.clientMode === pair.serverMode && pair.clientFamily === pair.serverFamily);

  test.each(alike)("in the client's own words: $clientMode over IPv$clientFamily", (pair) => {
    checkPair(pair, { serverMode: "same" }, true);
  });

  const kept = pairs.filter(
    (pair) => pair.clientFamily !== pair.serverFamily && isPassive(pair.clientMode) === isPassive(pair.serverMode),
  );

  test.each(kept)(
    "across families keeps who connects to whom (RFC 6384): $clientMode over IPv$clientFamily to $serverMode over IPv$serverFamily",
    (pair) => {
      checkPair(pair, { serverMode: "same" }, false);
    },
  );

  const automatic = pairs.filter((pair) => isPassive(pair.serverMode));

  test.each(automatic)(
    "is passive towards the server where it may choose: $clientMode over IPv$clientFamily to $serverMode over IPv$serverFamily",
    (pair) => {
      checkPair(pair, { serverMode: "auto" }, false);
    },
  );
});
