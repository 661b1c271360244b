// A server that answers every command in order, and a client that waits for nothing: whatever overtakes whatever, each
// command has exactly one final reply, in the order of the commands, and every transfer has its data.
import fc from "fast-check";
import { expect, test } from "vitest";
import type { PinholeEvent } from "../../src/dataplane/pinhole.ts";
import type { SessionEffect, SessionEvent } from "../../src/session/events.ts";
import { step } from "../../src/session/session.ts";
import { wantsClientInput, wantsServerInput } from "../../src/session/wanted-input.ts";
import { startSession } from "../../src/session/start.ts";
import { formatEffect, formatEvent } from "../../src/session/transcript.ts";
import { parseEvent } from "../../src/session/transcript-reader.ts";
import { clientOptions, clients, prologue, sessionOptions, type PlayOptions } from "./play.ts";

/** What the client says, and the codes of the final reply that it may expect where every announcement is accepted. */
const commands: Readonly<Record<string, readonly number[]>> = {
  NOOP: [200],
  "CWD /": [250],
  "STAT a": [213],
  "SIZE a": [550],
  FEAT: [211],
  "AUTH TLS": [502],
  "PORT nonsense": [501],
  PASV: [227],
  EPSV: [229],
  "PORT 192,168,1,100,10,21": [200],
  "EPRT |1|192.168.1.100|2581|": [200],
  "RETR a": [226],
  "STOR a": [226],
  LIST: [226],
};

const rejections = fc.subarray(["EPSV", "PORT", "EPRT"]);

/** What a server that takes its time still has to say, and to do; data connections are known by the server side's port. */
type Server = {
  readonly say: string[];
  readonly todo: string[];
  nextPort: number;
  announced: number | undefined;
  transferring: number | undefined;
};

function answer(server: Server, line: string, rejected: readonly string[]): void {
  const [verb = "", argument = ""] = line.split(" ", 2);
  if (rejected.includes(verb)) {
    server.say.push("500 Not understood");
    return;
  }
  switch (verb) {
    case "PASV":
    case "EPSV": {
      server.nextPort += 1;
      server.announced = server.nextPort;
      const [high, low] = [server.nextPort >> 8, server.nextPort & 255];
      const isLong = verb === "EPSV";
      server.say.push(isLong ? `229 Extended (|||${server.nextPort}|)` : `227 Passive (10,0,0,5,${high},${low})`);
      break;
    }
    case "PORT": {
      const [high = 0, low = 0] = argument.split(",").slice(4).map(Number);
      server.announced = high * 256 + low;
      server.say.push("200 Announced");
      break;
    }
    case "EPRT":
      server.announced = Number(argument.split("|")[3]);
      server.say.push("200 Announced");
      break;
    case "RETR":
    case "STOR":
    case "LIST":
      server.say.push(server.announced === undefined ? "425 Use PORT or PASV first" : "150 Here");
      server.transferring = server.announced;
      server.announced = undefined;
      break;
    default:
      server.say.push(...(plainAnswers[verb] ?? ["200 ok"]));
  }
}

const plainAnswers: Readonly<Record<string, readonly string[]>> = {
  CWD: ["250-Changed", " to the place", "250 that you wanted"],
  STAT: ["213-Status", "226 is a size", "213 End"],
  SIZE: ["550 No such file"],
  FEAT: ["211-Features", " AUTH TLS", " SIZE", "211 End"],
};

/** `answersMeanwhile`: other commands are answered while a transfer runs, not after it. */
type Behaviour = { readonly dice: () => number; readonly answersMeanwhile: boolean };

/** Plays one interleaving, decided by `dice`, and gives the codes of the final replies that the client has read. */
function playOut(options: PlayOptions, said: readonly string[], rejected: readonly string[], behaviour: Behaviour) {
  const { dice, answersMeanwhile } = behaviour;
  const context = { local: { address: "10.0.0.1", port: 40001 }, advertise: "10.0.0.1", rejects: [] };
  let [session] = startSession(sessionOptions(options, "10.0.0.5"), { ...clientOptions(options), client: clients[4] });
  const server: Server = { say: [], todo: [], nextPort: 52000, announced: undefined, transferring: undefined };
  const idsOfPorts = new Map<number, number>();
  const unsaid = [...said];
  const pinholes = new Map<number, PinholeEvent[]>();
  const released: number[] = [];
  const codes: number[] = [];
  const log: string[] = [];
  let openCode: string | undefined;
  let isLoggedIn = false;

  const perform = (effect: SessionEffect): void => {
    if (effect.kind === "to-server" && isLoggedIn) server.todo.push(effect.bytes.trimEnd());
    if (effect.kind === "open") {
      const [client, serverEnd] = [
        { address: "192.0.2.1", port: 50000 + effect.id },
        { address: "10.0.0.1", port: 51000 + effect.id },
      ];
      const ends = {
        ...(effect.client.kind === "listen" ? { client } : {}),
        ...(effect.server.kind === "listen" ? { server: serverEnd } : {}),
      };
      idsOfPorts.set(effect.server.kind === "dial" ? effect.server.to.port : serverEnd.port, effect.id);
      const isDialled = effect.client.kind === "dial" && effect.server.kind === "dial";
      const reached: PinholeEvent[] = isDialled ? [{ kind: "reached", side: "server" }] : [];
      pinholes.set(effect.id, [{ kind: "opened", plane: "relay", ...ends }, ...reached]);
    }
    if (effect.kind === "release" || effect.kind === "dismiss") released.push(effect.id);
    if (effect.kind === "to-client" && isLoggedIn) {
      for (const line of effect.bytes.trimEnd().split("\r\n")) readClientLine(line);
    }
  };
  const readClientLine = (line: string): void => {
    if (openCode === undefined && line.charAt(3) === "-") openCode = line.slice(0, 3);
    else if (openCode === undefined || line.startsWith(`${openCode} `)) {
      if (!line.startsWith("1")) codes.push(Number(line.slice(0, 3)));
      openCode = undefined;
    }
  };
  const dispatch = (event: SessionEvent): void => {
    const [next, effects] = step(session, event);
    session = next;
    log.push(formatEvent(event), ...effects.flatMap((effect) => formatEffect(effect)));
    for (const effect of effects) perform(effect);
  };
  const closed = (outcome: "complete" | "released"): PinholeEvent => ({
    ...{ kind: "closed", outcome, bytesUp: 0, bytesDown: 5, durationMs: 1 },
  });

  for (const line of prologue[4].split("\n")) {
    const event = parseEvent(line, context);
    if (event) dispatch(event);
  }
  isLoggedIn = true;

  const choices: readonly (() => boolean)[] = [
    function client() {
      const [line] = unsaid;
      if (line === undefined || !wantsClientInput(session)) return false;
      unsaid.shift();
      dispatch({ kind: "client-line", text: line, quirks: [] });
      return true;
    },
    function serverSays() {
      const [line] = server.say;
      if (line === undefined || !wantsServerInput(session)) return false;
      server.say.shift();
      dispatch({ kind: "server-line", text: line, raw: `${line}\r\n` });
      return true;
    },
    function serverWorks() {
      const [line] = server.todo;
      if (line === undefined || server.say.length > 0) return false;
      const isFree = server.transferring === undefined || (answersMeanwhile && !/^(?:RETR|STOR|LIST)/.test(line));
      if (!isFree) return false;
      server.todo.shift();
      answer(server, line, rejected);
      return true;
    },
    function dataPlane() {
      for (const [id, events] of pinholes) {
        const event = events.shift();
        if (event === undefined) continue;
        if (event.kind === "closed") pinholes.delete(id);
        dispatch({ kind: "pinhole", id, event });
        return true;
      }
      const id = released.shift();
      if (id === undefined) return false;
      if (pinholes.delete(id)) dispatch({ kind: "pinhole", id, event: closed("released") });
      return true;
    },
    function dataConnection() {
      const events = pinholes.get(idsOfPorts.get(server.transferring ?? 0) ?? 0);
      if (events === undefined || events.length > 0) return false;
      events.push({ kind: "joined" }, { kind: "delivered" }, closed("complete"));
      server.transferring = undefined;
      server.say.push("226-Transfer", "226 complete");
      return true;
    },
  ];
  for (;;) {
    const start = dice();
    const done = choices.some((_, index) => choices[(start + index) % choices.length]?.());
    if (!done) break;
  }
  return { codes, log, session, unsaid };
}

function byNumber(a: number, b: number): number {
  return a - b;
}

const line = fc.constantFrom(...Object.keys(commands));
const interleavings = fc.tuple(
  fc.array(line, { minLength: 1, maxLength: 25 }),
  rejections,
  fc.infiniteStream(fc.nat({ max: 4 })),
);

test.each(["same", "passive", "active", "auto"] as const)(
  "every command has its one reply, in order (D3.39): mode %s",
  (serverMode) => {
    fc.assert(
      fc.property(interleavings, ([said, rejected, dice]) => {
        const options: PlayOptions = { serverMode, heldCommands: 6 };
        const played = playOut(options, said, serverMode === "same" ? [] : rejected, {
          dice: () => dice.next().value,
          answersMeanwhile: false,
        });
        const got = `${played.codes.join(" ")}\nafter\n${played.log.join("\n")}`;
        expect(played.unsaid, got).toEqual([]);
        expect(played.codes.length, got).toBe(said.length);
        let isAnnounced = false;
        for (const [at, code] of played.codes.entries()) {
          const command = said[at] ?? "";
          const wanted = commands[command] ?? [];
          if (/^(?:PASV|EPSV|PORT 1|EPRT)/.test(command)) {
            // One that is refused leaves nothing: the one before it was given up for it.
            isAnnounced = wanted.includes(code);
            expect(
              isAnnounced || (rejected.length > 0 && [425, 500].includes(code)),
              `${at} ${command} had ${got}`,
            ).toBe(true);
          } else if (wanted.includes(226)) {
            expect(code, `${at} ${command} had ${got}`).toBe(isAnnounced ? 226 : 425);
            isAnnounced = false;
          } else {
            expect(wanted, `${at} ${command} had ${got}`).toContain(code);
          }
        }
        expect(played.session.outstanding, got).toEqual([]);
      }),
      { numRuns: 150 },
    );
  },
);

test.each(["same", "passive", "active", "auto"] as const)(
  "every command has its one reply, from a server that answers during transfers too (D3.51): mode %s",
  (serverMode) => {
    fc.assert(
      fc.property(interleavings, ([said, , dice]) => {
        const options: PlayOptions = { serverMode, heldCommands: 6 };
        const behaviour = { dice: () => dice.next().value, answersMeanwhile: true };
        const { codes, log, session, unsaid } = playOut(options, said, [], behaviour);
        const got = `${codes.join(" ")}\nafter\n${log.join("\n")}`;
        let isAnnounced = false;
        const wanted = said.map((command) => {
          const code = commands[command]?.[0] ?? 0;
          if (/^(?:PASV|EPSV|PORT 1|EPRT)/.test(command)) isAnnounced = true;
          if (code !== 226) return code;
          const wasAnnounced = isAnnounced;
          isAnnounced = false;
          return wasAnnounced ? 226 : 425;
        });
        expect(unsaid, got).toEqual([]);
        expect(codes.toSorted(byNumber), got).toEqual(wanted.toSorted(byNumber));
        expect(session.outstanding, got).toEqual([]);
      }),
      { numRuns: 150 },
    );
  },
);
