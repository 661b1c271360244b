// FEAT tells of the TLS that this gateway has, whatever the server can do (RFC 4217 6).
import { describe, expect, test } from "vitest";
import { play, type PlayOptions } from "./play.ts";

const terminated: PlayOptions = { tls: {} };

describe("where TLS is terminated, a FEAT reply", () => {
  test("has the gateway's AUTH, PBSZ and PROT in the place of the server's", () => {
    play(
      `
      C> FEAT
           >S FEAT
      S> 211-Features:
           >C 211-Features:
      S>  AUTH TLS;SSL;
      S>  PBSZ
      S>  PROT C;P;
      S>  CCC
      S>  UTF8
           >C  UTF8
      S> 211 End
           >C  AUTH TLS
           >C  PBSZ
           >C  PROT
           >C 211 End
      `,
      terminated,
    );
  });

  test("has CCC where it is allowed", () => {
    play(
      `
      C> FEAT
           >S FEAT
      S> 211-Features:
           >C 211-Features:
      S> 211 End
           >C  AUTH TLS
           >C  PBSZ
           >C  PROT
           >C  CCC
           >C 211 End
      `,
      { tls: { client: { ccc: true } } },
    );
  });

  test.each(["500 what", "502 no", "500-what\nS> 500 now"])(
    "is the gateway's own where the server says %j",
    (reply) => {
      const { facts } = play(
        `
C> FEAT
     >S FEAT
S> ${reply.replace("\n", "\n     >C 211-Features:\n     >C  AUTH TLS\n     >C  PBSZ\n     >C  PROT\n     >C 211 End\n")}
${reply.includes("\n") ? "" : "     >C 211-Features:\n     >C  AUTH TLS\n     >C  PBSZ\n     >C  PROT\n     >C 211 End"}
C> NOOP
     >S NOOP`,
        terminated,
      );
      expect(facts).toContainEqual({ kind: "reply", code: 211 });
    },
  );

  test("in one line becomes several", () => {
    play(
      `
      C> FEAT
           >S FEAT
      S> 211 none
           >C 211-none
           >C  AUTH TLS
           >C  PBSZ
           >C  PROT
           >C 211 End
      `,
      terminated,
    );
  });

  test("that is refused for now passes", () => {
    play("C> FEAT\n     >S FEAT\nS> 450 later\n     >C 450 later", terminated);
  });
});
