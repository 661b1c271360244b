// Diagnosis words: the one list of what is said of each hop and cause: a sentence and an advice for operators, and the reply that a
// client reads. Code, tests and the operators' handbook read it.
import type { Cause, Diagnosis, Hop, hopCauses } from "./diagnosis.ts";
import {
  awaited,
  broken,
  dialled,
  incomplete,
  unopened,
  type DiagnosisParts,
  type Wording,
} from "./diagnosis-data-words.ts";
import { tlsRefused, unprotected, unprotectedData } from "./diagnosis-tls-words.ts";

const unreachable = (server: string, why: string) => `${capital(server)} is unreachable: ${why}.`;

function capital(text: string): string {
  return text.startsWith("the ") ? `T${text.slice(1)}` : text;
}

const closed = (server: string, what: string) => `${capital(server)} ${what}.`;

const serverControl = {
  "name-unresolved": {
    sentence: ({ endpoint, why }) => `The name of the server, ${endpoint}, can't be resolved (${why}).`,
    advice: () =>
      "Check the name (route.server, or what the client typed) and the name servers in this machine's /etc/resolv.conf.",
    client: ({ server, said }) => unreachable(server, `its name can't be resolved (${said})`),
  },
  refused: {
    sentence: ({ why }) => `The server refused the control connection: ${why}.`,
    advice: () =>
      "Check that the FTP server runs and listens there, and that its firewall does not reset connections of this gateway.",
    client: ({ server }) => unreachable(server, "connection refused"),
  },
  "timed-out": {
    sentence: ({ why }) => `The server did not answer the control connection: ${why}.`,
    advice: () =>
      "Check that the server is up, and that no firewall in between drops connections of this gateway to it.",
    client: ({ server }) => unreachable(server, "it does not answer"),
  },
  unreachable: {
    sentence: ({ why }) => `There is no way to the server: ${why}.`,
    advice: () => "Look at the routes of this machine, and at the firewall or router in between that says so.",
    client: ({ server }) => unreachable(server, "there is no way to it"),
  },
  "not-permitted": {
    sentence: ({ why }) => `This machine does not permit the control connection to the server: ${why}.`,
    advice: () => "Look at this machine's own packet filter and routing rules (nft list ruleset, ip rule).",
    client: ({ server }) => unreachable(server, "there is no way to it"),
  },
  "no-server-up": {
    sentence: ({ why }) => `There is no server for the session: ${why}.`,
    advice: () =>
      "See which servers of the pool are down, and why: ftp_alg_server_up, ftp_alg_server_connects_total, and 'server down' in the log.",
    client: () => "No server is available now. Try again later.",
  },
  "no-greeting": {
    sentence: ({ endpoint }) => `The server ${endpoint} took the control connection and sent no greeting.`,
    advice: () =>
      "The server is overloaded, waits for DNS or ident of this gateway's address, or speaks no plain FTP there (implicit TLS waits for the client).",
    client: ({ server }) => closed(server, "sent no greeting in time"),
  },
  "turned-away": {
    sentence: ({ endpoint, why }) => `The server ${endpoint} turned the session away: ${why}.`,
    advice: () =>
      "The server is full, closes, or does not want this gateway: look at its log and at its limits per address; all clients share the gateway's.",
    client: ({ server }) => closed(server, "turned the session away"),
  },
  closed: {
    sentence: ({ endpoint, why }) => `The server ${endpoint} closed the control connection${why}.`,
    advice: () =>
      "Look at the server's log: it ended the session without a 421. Access rules and crashes look like that.",
    client: ({ server }) => closed(server, "closed the connection"),
  },
  reset: {
    sentence: ({ endpoint, why }) => `The control connection to the server ${endpoint} broke: ${why}.`,
    advice: () =>
      "The server crashed, or a NAT or firewall in between has forgotten an idle connection: timeouts.keepalive has to be below its idle time.",
    client: ({ server }) => closed(`the connection to ${server}`, "broke"),
  },
  "line-too-long": {
    sentence: ({ endpoint }) => `The server ${endpoint} sent a line longer than limits.replyLineBytes.`,
    advice: () => "Check that an FTP server is there and nothing else.",
    client: ({ server }) => closed(server, "sent a line that is too long"),
  },
  rejected: {
    sentence: ({ endpoint, why, note }) => `The server ${endpoint} rejected the data connection: ${why}.${note}`,
    advice: () =>
      "PORT and EPRT need an address that the server accepts (serverSide.advertise, its own access rules), PASV and EPSV its passive range; serverSide.mode chooses.",
    client: ({ said }) => `Can't open data connection: ${said}`,
  },
  "no-endpoint": {
    sentence: ({ endpoint, why }) => `The server ${endpoint} announced no endpoint that can be used: ${why}.`,
    advice: () => "Repair the server's passive address and ports, or set serverSide.mode: active.",
    client: ({ said }) => `Can't open data connection: ${said}`,
  },
  "no-reply": {
    sentence: ({ endpoint, why }) => `The server ${endpoint} did not answer ${why}.`,
    advice: () =>
      "Look at the server: it hangs, or something in between has forgotten the control connection (timeouts.keepalive).",
    client: ({ server, why }) => closed(server, `did not answer ${why}`),
  },
} as const satisfies Record<string, Wording>;

const wordings = {
  "client-control": {
    reset: {
      sentence: ({ peer, why }) => `The control connection of the client ${peer} broke: ${why}.`,
      advice: () =>
        "The client's program ended hard, or a NAT or firewall in between has forgotten an idle connection: timeouts.keepalive has to be below its idle time.",
      client: () => "Your control connection broke.",
    },
    "timed-out": {
      sentence: ({ peer, why }) => `The client ${peer} does not answer on its control connection any more: ${why}.`,
      advice: () =>
        "The client's machine or its line is gone, or a NAT or firewall in between has forgotten the connection: timeouts.keepalive has to be below its idle time.",
      client: () => "You do not answer any more.",
    },
    ...unprotected("client"),
  },
  "client-data-in": { ...awaited("client"), ...broken("client"), ...unprotectedData("client") },
  "client-data-out": { ...dialled("client"), ...broken("client"), ...unprotectedData("client") },
  "server-control": { ...serverControl, ...tlsRefused, ...unprotected("server") },
  "server-data-in": { ...awaited("server"), ...broken("server"), ...unprotectedData("server") },
  "server-data-out": { ...dialled("server"), ...broken("server"), ...unprotectedData("server") },
  gateway: {
    "ports-exhausted": {
      sentence: ({ why }) => `No data port is free: ${why}.`,
      advice: ({ from }) => `Widen ${from}Side.dataPorts, and look at ftp_alg_data_ports for what holds them.`,
      client: () => unopened("no data port is free"),
    },
    "address-unavailable": {
      sentence: ({ why }) => `The gateway can't use its own address for a data connection: ${why}.`,
      advice: () => "Check that this machine still has the address, and that the process may bind it.",
      client: () => unopened("the gateway cannot use its address"),
    },
    "plane-unavailable": {
      sentence: ({ why }) => `No data plane can carry the data connection: ${why}.`,
      advice: () => "ftp-alg doctor says what each data plane lacks; dataPlane: auto falls back to one that works.",
      client: () => unopened("no data plane is available"),
    },
    "plane-failed": {
      sentence: ({ why }) => `The data plane lost the data connection: ${why}.`,
      advice: () => "Look at this machine's kernel log and memory, and at who else changes its connection tracking.",
      client: () => incomplete("the gateway lost the data connection"),
    },
    "no-descriptor": {
      sentence: ({ why }) => `This process has no file descriptor left: ${why}.`,
      advice: () => "Raise the limit (LimitNOFILE=, ulimit -n), or lower limits.sessions.",
      client: () => unopened("the gateway is full"),
    },
    loop: {
      sentence: ({ endpoint }) => `The server ${endpoint} is this gateway itself.`,
      advice: () => "Let route.server, or the interception rules, lead to the FTP server and not back to the gateway.",
      client: ({ server }) => closed(server, "is this gateway itself"),
    },
    "internal-error": {
      sentence: () => "A fault in the gateway's own program ended the session.",
      advice: () => "Report it, with the log line 'session ended' and the trace of the session.",
      client: () => "Internal error.",
    },
  },
} as const satisfies { readonly [H in Hop]: Readonly<Record<(typeof hopCauses)[H][number], Wording>> };

/** What was seen, before it is in words. */
export type Finding = { readonly hop: Hop; readonly cause: Cause; readonly parts: Partial<DiagnosisParts> };

/** The longest text behind a reply's code, so that each reply stays below 200 characters. */
const longestReply = 190;
const longestSentence = 500;

/** In words. `tellsAll`: the client reads the operators' sentence. Throws for a cause that the hop can't have. */
export function diagnosis({ hop, cause, parts }: Finding, tellsAll: boolean): Diagnosis {
  const all = {
    endpoint: "",
    peer: "",
    from: "",
    said: "",
    note: "",
    server: "the server",
    ...parts,
    why: unended(parts.why),
  };
  const words: Readonly<Partial<Record<Cause, Wording>>> = wordings[hop];
  const wording = words[cause];
  if (wording === undefined) throw new Error(`${hop} does not fail by ${cause}`);
  const sentence = oneLine(wording.sentence(all), longestSentence);
  const clientSentence = oneLine(tellsAll ? sentence : wording.client(all), longestReply);
  return { hop, cause, sentence, advice: oneLine(wording.advice(all), longestSentence), clientSentence };
}

/** What peers say comes with a full stop or without. As much of it as a sentence may have, for a server's line may be long. */
function unended(why = ""): string {
  return why.slice(0, longestSentence).replace(/(?<![.\s])[.\s]+$/, "");
}

/** One line of printable ASCII. */
function oneLine(text: string, longest: number): string {
  const plain = text.replace(/[^\x20-\x7e]/g, "?");
  return plain.length <= longest ? plain : `${plain.slice(0, longest - 3)}...`;
}
