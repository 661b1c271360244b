// A scripted peer: a test says byte for byte what is sent from a place in the lab, and sees what arrives there.
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Lab } from "./lab.ts";
import type { Address, Order, Report } from "./puppet-process.ts";
import type { Place } from "./topology.ts";

export type RawConnection = {
  readonly local: Address;
  readonly remote: Address;
  write(text: string): void;
  /** One character per segment. */
  type(text: string): Promise<void>;
  /** The next line, without its end. */
  line(): Promise<string>;
  /** The last line of the next reply (RFC 959 §4.2). */
  reply(): Promise<string>;
  /** Sends a command and gives the reply to it. */
  command(text: string): Promise<string>;
  /** Everything until the peer's end; rejects when the connection was broken. */
  rest(): Promise<Buffer>;
  end(): void;
  reset(): void;
};

export type RawListener = { readonly port: number; accept(): Promise<RawConnection> };

export type Puppet = {
  connect(host: string, port: number, localPort?: number, localAddress?: string): Promise<RawConnection>;
  listen(host: string, port: number): Promise<RawListener>;
  stop(): Promise<void>;
};

const patienceMs = 8000;
const program = path.join(import.meta.dirname, "puppet-process.ts");

type State = { received: Buffer; ended: boolean; closed: boolean; error?: string };

export async function startPuppet(lab: Lab, place: Place): Promise<Puppet> {
  const running = lab.start(place, [process.execPath, program]);
  const reports: Report[] = [];
  const states = new Map<number, State>();
  let read = 0;
  let rest = "";
  let last = 0;

  const state = (id: number): State => {
    const known = states.get(id) ?? { received: Buffer.alloc(0), ended: false, closed: false };
    states.set(id, known);
    return known;
  };
  const take = (what: Report): void => {
    reports.push(what);
    const of = state(what.id);
    if (what.event === "data") of.received = Buffer.concat([of.received, Buffer.from(what.data, "base64")]);
    if (what.event === "end") of.ended = true;
    if (what.event === "closed")
      Object.assign(of, { closed: true, ...(what.error === undefined ? {} : { error: what.error }) });
  };
  const refresh = (): void => {
    const text = running.output();
    const lines = (rest + text.slice(read)).split("\n");
    read = text.length;
    rest = lines.pop() ?? "";
    for (const line of lines) if (line.startsWith("{")) take(JSON.parse(line) as Report);
  };
  /** Looks again until there is something. */
  async function until<T>(what: string, look: () => T | undefined): Promise<T> {
    for (let waited = 0; waited < patienceMs; waited += 2) {
      refresh();
      const found = look();
      if (found !== undefined) return found;
      await sleep(2);
    }
    throw new Error(`${what}: nothing in ${patienceMs} ms; so far:\n${running.output().slice(-2000)}`);
  }
  const order = (given: Order): void => {
    running.stdin.write(`${JSON.stringify(given)}\n`);
  };
  const failed = (id: number): string | undefined => (state(id).closed ? (state(id).error ?? "closed") : undefined);

  function connection(id: number, local: Address, remote: Address): RawConnection {
    const self: RawConnection = {
      local,
      remote,
      write: (text) => order({ do: "write", id, data: Buffer.from(text, "latin1").toString("base64") }),
      async type(text) {
        for (const character of text) {
          self.write(character);
          await sleep(15);
        }
      },
      line: () =>
        until("a line", () => {
          const { received, closed } = state(id);
          const end = received.indexOf("\n");
          if (end < 0) {
            if (closed) throw new Error(`the connection ended (${failed(id) ?? ""}) before a line`);
            return undefined;
          }
          state(id).received = received.subarray(end + 1);
          return received.subarray(0, end).toString("latin1").replace(/\r$/, "");
        }),
      async reply() {
        const first = await self.line();
        if (first[3] !== "-") return first;
        for (;;) {
          const line = await self.line();
          if (line.startsWith(`${first.slice(0, 3)} `)) return line;
        }
      },
      async command(text) {
        self.write(`${text}\r\n`);
        return self.reply();
      },
      rest: () =>
        until("the end", () => {
          const { received, ended, closed, error } = state(id);
          if (error !== undefined) throw new Error(`broken: ${error}`);
          return ended || closed ? received : undefined;
        }),
      end: () => order({ do: "end", id }),
      reset: () => order({ do: "reset", id }),
    };
    return self;
  }

  return {
    async connect(host, port, localPort, localAddress) {
      const id = ++last;
      order({
        ...{ do: "connect", id, host, port },
        ...(localPort === undefined ? {} : { localPort }),
        ...(localAddress === undefined ? {} : { localAddress }),
      });
      const made = await until(`a connection to ${host} port ${port}`, () => {
        const error = failed(id);
        if (error !== undefined) throw new Error(`no connection to ${host} port ${port}: ${error}`);
        return reports.find((what) => what.event === "connected" && what.id === id);
      });
      if (made.event !== "connected") throw new Error("unreachable");
      return connection(id, made.local, made.remote);
    },
    async listen(host, port) {
      const id = ++last;
      order({ do: "listen", id, host, port });
      const bound = await until(`a listener on ${port}`, () => {
        const error = failed(id);
        if (error !== undefined) throw new Error(error);
        return reports.find((what) => what.event === "listening" && what.id === id);
      });
      const accepted = new Set<number>();
      return {
        port: bound.event === "listening" ? bound.port : 0,
        async accept() {
          const made = await until(`a connection to port ${port}`, () =>
            reports.find((what) => what.event === "accepted" && what.from === id && !accepted.has(what.id)),
          );
          if (made.event !== "accepted") throw new Error("unreachable");
          accepted.add(made.id);
          return connection(made.id, made.local, made.remote);
        },
      };
    },
    async stop() {
      running.stdin.end();
      await running.ended;
    },
  };
}
