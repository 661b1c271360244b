// Diagnosis words of data connections: the side that connects to us, the side that we connect to, and what breaks later.
import type { Side } from "../dataplane/pinhole.ts";

/** What differs from one failure to the next. A part that a wording has no use for may be empty. */
export type DiagnosisParts = {
  /** What was announced, dialled, or connected; of a name that does not resolve, the name. */
  readonly endpoint: string;
  /** The address of the side's control peer. */
  readonly peer: string;
  /** Who came instead; where nobody came, where we listen; of `gateway`, the side in question. */
  readonly from: string;
  /** What else is known: the error of the system, what the server said. */
  readonly why: string;
  /** As much of it as the client may read. */
  readonly said: string;
  /** Said behind the sentence; empty, or with a blank before it. */
  readonly note: string;
  /** The server as the client knows it. */
  readonly server: string;
};

export type Wording = {
  readonly sentence: (parts: DiagnosisParts) => string;
  readonly advice: (parts: DiagnosisParts) => string;
  /** Names no address of the server side. */
  readonly client: (parts: DiagnosisParts) => string;
};

export const unopened = (why: string): string => `Can't open data connection: ${why}.`;
export const incomplete = (why: string): string => `Transfer incomplete: ${why}.`;

/** The peer connects to us. */
export function awaited(side: Side) {
  const isClient = side === "client";
  const absent = ({ endpoint, peer, server }: DiagnosisParts) =>
    unopened(
      isClient
        ? `nobody connected to ${endpoint} from ${peer}`
        : `${server} did not connect to the gateway's data port`,
    );
  const somebodyElse = ({ endpoint, peer, from, server }: DiagnosisParts) =>
    unopened(
      isClient
        ? `${from} connected to ${endpoint}, and ${peer} was expected`
        : `somebody else connected, and ${server} was expected`,
    );
  return {
    "nobody-came": {
      sentence: ({ endpoint, peer, note }) =>
        `Nobody connected to ${endpoint}, which was announced to the ${side} ${peer}.${note}`,
      advice: ({ endpoint, peer, from }) =>
        `Open TCP from ${peer} to ${endpoint} in every firewall in between, forward it and all of ${side}Side.dataPorts to the gateway (this one to ${from}), and check that ${side}Side.advertise leads to this gateway${isClient ? " (advertiseTo for clients inside)" : ""}.`,
      client: absent,
    },
    "other-address": {
      sentence: ({ endpoint, peer, from }) =>
        `${from} connected to ${endpoint} instead of the ${side} ${peer}, from the same network.`,
      advice: () =>
        `The ${side} has several addresses (NAT rebinding, several uplinks): ${side}Side.dataPeer: same-network lets them in.`,
      client: somebodyElse,
    },
    "stranger-came": {
      sentence: ({ endpoint, peer, from }) => `${from} connected to ${endpoint} instead of the ${side} ${peer}.`,
      advice: ({ from }) =>
        `If ${from} is the ${side} on another way (a second address, a NAT), ${side}Side.dataPeer can let it in; if not, somebody tries data ports.`,
      client: somebodyElse,
    },
    "private-address": {
      sentence: ({ endpoint, peer }) =>
        `Nobody connected to ${endpoint}: a private address was announced to the ${side} ${peer} on the public Internet.`,
      advice: () =>
        `Set ${side}Side.advertise to the public address of this gateway, and forward ${side}Side.dataPorts to it.`,
      client: absent,
    },
  } as const satisfies Record<string, Wording>;
}

const whatToOpen = {
  client: {
    refused: () => "The client's machine or firewall resets data connections to it: let the client use passive mode.",
    "timed-out": () =>
      "A firewall or NAT at the client drops data connections to it: let the client use passive mode, or open its ports.",
  },
  server: {
    refused: () =>
      "Open the server's passive ports for this gateway in its firewall and NAT, with the same numbers, and check its passive range.",
    "timed-out": () =>
      "A firewall or NAT at the server drops connections to its passive ports: open and forward them for this gateway.",
  },
} as const;

/** We connect to the peer. */
export function dialled(side: Side) {
  const told =
    (why: string) =>
    ({ endpoint, server }: DiagnosisParts) =>
      unopened(side === "client" ? `your endpoint ${endpoint} ${why}` : `${server} ${why}`);
  return {
    refused: {
      sentence: ({ endpoint, why, note }) => `${endpoint} of the ${side} refused the data connection (${why}).${note}`,
      advice: whatToOpen[side].refused,
      client: told("refused the data connection"),
    },
    "timed-out": {
      sentence: ({ endpoint, why, note }) =>
        `${endpoint} of the ${side} did not answer the data connection (${why}).${note}`,
      advice: whatToOpen[side]["timed-out"],
      client: told("did not answer the data connection"),
    },
    unreachable: {
      sentence: ({ endpoint, why, note }) =>
        `There is no way to ${endpoint} of the ${side} for the data connection (${why}).${note}`,
      advice: () =>
        `Look at the routes of this machine, and at the firewall or router between it and the ${side} that says so.`,
      client: told("can't be reached by the data connection"),
    },
    "not-permitted": {
      sentence: ({ endpoint, why, note }) =>
        `This machine does not permit the data connection to ${endpoint} of the ${side} (${why}).${note}`,
      advice: () => "Look at this machine's own packet filter and routing rules (nft list ruleset, ip rule).",
      client: told("can't be reached by the data connection"),
    },
  } as const satisfies Record<string, Wording>;
}

/** A data connection that was made. */
export function broken(side: Side) {
  return {
    reset: {
      sentence: ({ peer, why, note }) => `The ${side} ${peer} broke the data connection (${why}).${note}`,
      advice: () =>
        `The ${side}'s program gave up, or a firewall or NAT on the way to it cut the connection: compare with the ${side}'s own log.`,
      client: () => incomplete(`the ${side} broke the data connection`),
    },
    stalled: {
      sentence: ({ peer, why, note }) => `The data connection of the ${side} ${peer} stands still: ${why}.${note}`,
      advice: () =>
        `Look at the ${side}'s disk and load and at the network to it; if small files pass and big ones do not, at the MTU. The limit is timeouts.dataStall.`,
      client: () => incomplete("the data connection stalled"),
    },
    "big-packets-lost": {
      sentence: ({ peer, why, note }) => `Full-size packets are lost on the way of the ${side} ${peer}: ${why}.${note}`,
      advice: () =>
        "Let ICMP 'fragmentation needed' and 'packet too big' pass every firewall, or clamp the MSS on the router (tcp option maxseg size set rt mtu).",
      client: () => incomplete(`full-size packets are lost on the way to the ${side}`),
    },
  } as const satisfies Record<string, Wording>;
}
