// @ts-check
// The pure core without a socket: `node session.mjs` plays one PASV and prints what a gateway would do. Your program is the driver:
// it makes the events, and does what the effects say.
import { format227, parse227 } from "ftp-alg/ftp";
import { formatEffect, formatEvent, parseEvent, startSession, step } from "ftp-alg/session";

/** @type {import("ftp-alg/session").Policy} */
const policy = {
  foreignAddress: { kind: "use-peer" },
  minDataPort: 1024,
  commands: { deny: [] },
  readOnly: false,
  anonymousOnly: false,
  pinholesBeforeLogin: false,
  tellInnerAddresses: false,
};

let [session, effects] = startSession(
  {
    route: { kind: "fixed", host: "10.0.0.5", port: 21 },
    timeouts: { connectMs: 10_000, loginMs: 60_000, idleMs: 300_000, lingerMs: 5_000 },
    own: { listensAt: () => false, hasAddress: () => false },
  },
  {
    client: {
      peer: { address: "198.51.100.7", port: 40_000 },
      local: { address: "192.0.2.1", port: 21 },
      advertise: "192.0.2.1",
    },
    ...{ policy, userPolicies: [], serverMode: "same", heldCommands: 100, badLines: 10, heldBytes: 65_536 },
  },
);
print(effects);

// The text of a transcript, as `ftp-alg trace` prints it, stands for events; your program makes them of what its sockets say.
const announced = format227({ address: "10.0.0.5", port: 51_210 });
const happens = [
  "connected 10.0.0.5:21",
  ...["S> 220 ready", "C> USER u", "S> 331 password", "C> PASS secret", "S> 230 in"],
  ...["C> PASV", `S> 227 ${announced}`, "opened 192.0.2.1:50010"],
];
const context = { local: { address: "10.0.0.1", port: 40_001 }, advertise: "10.0.0.1", rejects: [] };

for (const line of happens) {
  const event = parseEvent(line, context);
  if (event === undefined) throw new Error(`no event: ${line}`);
  console.log(formatEvent(event));
  [session, effects] = step(session, event);
  print(effects);
}
console.log("The server has announced", parse227(announced));

/** @param {readonly import("ftp-alg/session").SessionEffect[]} some */
function print(some) {
  for (const text of some.flatMap(formatEffect)) console.log(text);
}
