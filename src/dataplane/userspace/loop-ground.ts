// Ground of streams on the loop: what a small file costs is mostly what its two connections cost, and here they need no stream of Node's.
import { type Endpoint, formatEndpoint } from "../../net/endpoint.ts";
import { cancelDeadline, setDeadline } from "../../sockets/deadlines.ts";
import type { Loop } from "../../sockets/loop/loop.ts";
import { interests } from "../../sockets/loop/poller.ts";
import {
  closeStream,
  failureOf,
  guardStream,
  makePrompt,
  notNow,
  peekStream,
  resetStream,
  standstillOfStream,
  type Stream,
  unacknowledgedOfStream,
  unwatchStream,
  watchStream,
  writeStream,
} from "../../sockets/loop/stream.ts";
import { dialStream } from "../../sockets/loop/stream-dial.ts";
import { listenForStreams, type StreamListener } from "../../sockets/loop/stream-listener.ts";
import { failureCode } from "../../sockets/socket-ends.ts";
import type { DialLeg, ListenLeg } from "../pinhole.ts";
import { noPort, portsTaken } from "../port-refusals.ts";
import type { Carry } from "./carriage.ts";
import { isExpected } from "./expected-peer.ts";
import {
  attemptsLimit,
  backlog,
  type DialledLegEvents,
  type Ground,
  type ListeningLeg,
  type ListeningLegEvents,
  refusalFor,
  sourcePortErrors,
} from "./ground.ts";

export function loopGround(loop: Loop, carry: Carry<Stream>): Ground<Stream> {
  return {
    listen: (leg, events) => listen(loop, leg, events),
    dial: (leg, connectMs, events) => dial(loop, leg, connectMs, events),
    say(stream, text) {
      // A new connection takes as little as that at once.
      writeStream(stream, Buffer.from(text, "latin1"), text.length, false);
      makePrompt(stream);
    },
    watch,
    takeHead: () => undefined,
    reset: resetStream,
    close(stream) {
      guardStream(stream, false);
      closeStream(stream);
    },
    unacknowledged: (stream) => () => unacknowledgedOfStream(stream),
    standstill: (stream) => () => standstillOfStream(stream),
    carry,
  };
}

const nothing: ListeningLeg = { release() {} };

/** Of a leg without balancers in front. No event comes after `release`; `refused`, and nothing else, may come during the call. */
function listen(loop: Loop, leg: ListenLeg, events: ListeningLegEvents<Stream>): ListeningLeg {
  const { ports, expect } = leg;
  for (let attempt = 1; attempt <= attemptsLimit; attempt += 1) {
    const port = ports.take(leg.port);
    if (port === undefined) return refused("ports-exhausted", noPort(leg));
    try {
      return listening(port);
    } catch (error) {
      ports.release(port);
      const code = failureCode(error as Error);
      // Another program has the port: it rests like any used one.
      if (code !== "EADDRINUSE") return refused(refusalFor(code), `${(error as Error).message} ${leg.bind}:${port}`);
      if (leg.port !== undefined) break;
    }
  }
  return refused("ports-exhausted", portsTaken(leg, attemptsLimit));

  function refused(...why: Parameters<typeof events.refused>): ListeningLeg {
    events.refused(...why);
    return nothing;
  }

  function listening(port: number): ListeningLeg {
    const at = { address: leg.bind, port };
    const listener: StreamListener = listenForStreams(loop, { at, isForeign: leg.isForeign === true, backlog }, accept);
    let isReleased = false;
    events.opened(listener.endpoint);
    return {
      release() {
        if (isReleased) return;
        isReleased = true;
        listener.close();
        ports.release(port);
      },
    };

    function accept(stream: Stream, from: Endpoint): void {
      if (!isExpected(expect, from)) {
        resetStream(stream);
        return events.stranger(from);
      }
      // Closed with the admission: the kernel refuses a second connection.
      listener.close();
      events.admitted(stream, from);
    }
  }
}

function dial(loop: Loop, leg: DialLeg, connectMs: number, events: DialledLegEvents<Stream>): { cancel(): void } {
  const { to, bind, fromPort, isForeign = false, isRouted = false } = leg;
  let refusal: string | undefined;
  const deadline = setDeadline(connectMs, () => {
    attempt.cancel();
    events.failed(`no answer from ${formatEndpoint(to)} within ${connectMs} ms`, false);
  });
  let attempt = connect(fromPort);
  return {
    cancel() {
      cancelDeadline(deadline);
      attempt.cancel();
    },
  };

  function connect(port: number | undefined): { cancel(): void } {
    // Binding to an address and no port makes the kernel look for a port that is free towards everybody, which takes a
    // millisecond where thousands are in TIME_WAIT; connecting asks for one that is free towards this peer.
    const isBound = bind !== undefined && (port !== undefined || !isRouted || isForeign);
    const any = to.address.includes(":") ? "::" : "0.0.0.0";
    const from = isBound || port !== undefined ? { address: bind ?? any, port: port ?? 0 } : undefined;
    return dialStream(
      loop,
      { to, from, isForeign: isForeign && bind !== undefined },
      {
        connected(stream) {
          cancelDeadline(deadline);
          events.connected(stream, refusal);
        },
        failed(code) {
          if (port !== undefined && sourcePortErrors.has(code)) {
            refusal = `bind ${code} ${bind ?? any}:${port}`;
            attempt = connect(undefined);
            return;
          }
          cancelDeadline(deadline);
          events.failed(`connect ${code} ${to.address}:${to.port}`, code === "ECONNRESET");
        },
      },
    );
  }
}

function watch(stream: Stream, { heard, broken }: Parameters<Ground<Stream>["watch"]>[1]): void {
  watchStream(stream, interests.read, undefined, () => {
    const seen = peekStream(stream);
    if (seen === notNow) return;
    unwatchStream(stream);
    if (seen < 0) broken(`read ${failureOf(seen)}`);
    else heard();
  });
}
