// FEAT tells the truth about the way through this gateway.
import { describe, expect, test } from "vitest";
import type { Policy } from "../../src/session/options.ts";
import { feed, play, prologue } from "./play.ts";

describe("a FEAT reply", () => {
  test("loses what the gateway refuses, and nothing else (D5.94)", () => {
    play(`
      C> FEAT
           >S FEAT
      S> 211-Features:
           >C 211-Features:
      S>  AUTH TLS;SSL;
      S>  PBSZ
      S>  PROT C;P;
      S>  CCC
      S>  SSCN
      S>  LPSV
      S>  MLST type*;size*;
           >C  MLST type*;size*;
      S>  REST STREAM
           >C  REST STREAM
      S>  UTF8
           >C  UTF8
      S> 211 End
           >C 211 End
    `);
  });

  test.each(["AUTH TLS", "    AUTH TLS", "\tAUTH TLS", "211-AUTH TLS", " auth tls"])(
    "in whatever form the lines are: %j (D2.32)",
    (line) => {
      play(`
        C> FEAT
             >S FEAT
        S> 211-Features:
             >C 211-Features:
        S> ${line}
        S> SIZE
             >C SIZE
        S>
             quirk blank-reply-line
             >C
        S> 211 End
             >C 211 End
      `);
    },
  );

  test("gains the extended modes where the gateway converts, whatever the server can do", () => {
    play(
      `
      C> FEAT
           >S FEAT
      S> 211-Features:
           >C 211-Features:
      S>  EPSV
           >C  EPSV
      S> 211 End
           >C  EPRT
           >C 211 End
      `,
      { serverMode: "passive" },
    );
  });

  test("gains them across address families", () => {
    play(
      `
      C> FEAT
           >S FEAT
      S> 211-Features:
           >C 211-Features:
      S> 211 End
           >C  EPRT
           >C  EPSV
           >C 211 End
      `,
      { client: 6, server: 4 },
    );
  });

  test("of one line gains them too", () => {
    play(
      `
      C> FEAT
           >S FEAT
      S> 211 No features
           >C 211-No features
           >C  EPRT
           >C  EPSV
           >C 211 End
      `,
      { serverMode: "active" },
    );
  });

  test("of one line stays as it is where the gateway only forwards", () => {
    play(`
      C> FEAT
           >S FEAT
      S> 211 No features
           >C 211 No features
    `);
  });

  test.each(["500 Unknown", "530 Please log in", "502-Not\n      S> 502 here"])(
    "that is a refusal stays so: %s (D2.32)",
    (reply) => {
      const lines = reply.split("\n      S> ");
      play(
        `
        C> FEAT
             >S FEAT
        ${lines.map((line) => `S> ${line}\n             >C ${line}`).join("\n        ")}
        `,
        { serverMode: "passive" },
      );
    },
  );

  test("loses what policy denies, MLST with MLSD", () => {
    play(
      `
      C> FEAT
           >S FEAT
      S> 211-Features:
           >C 211-Features:
      S>  MLST type*;
      S>  SITE UTIME
      S>  MDTM
           >C  MDTM
      S> 211 End
           >C 211 End
      `,
      { policy: { commands: { deny: ["MLSD", "SITE"] } } },
    );
  });

  test("does not gain what policy denies", () => {
    play(
      `
      C> FEAT
           >S FEAT
      S> 211-Features:
           >C 211-Features:
      S> 211 End
           >C  EPSV
           >C 211 End
      `,
      { serverMode: "passive", policy: { commands: { deny: ["EPRT"] } } },
    );
  });

  test("loses what changes files where the gateway is read-only", () => {
    play(
      `
      C> FEAT
           >S FEAT
      S> 211-Features:
           >C 211-Features:
      S>  MFMT
      S>  MDTM
           >C  MDTM
      S> 211 End
           >C 211 End
      `,
      { policy: { readOnly: true } },
    );
  });

  test("without end is passed on and not collected (D2.31)", () => {
    const lines = "\nS>  X line that goes on".repeat(5000);
    const { session } = play("C> NOOP\n     >S NOOP", { after: `C> FEAT\nS> 211-Features:${lines}` });
    expect(JSON.stringify({ ...session, options: undefined }).length).toBeLessThan(2000);
  });
});

test("a list that names one feature over and over is not kept", () => {
  const lines = "\nS>  EPSV\nS>  EPRT".repeat(300);
  const { session } = feed(`${prologue[4]}\nC> FEAT\nS> 211-Features:${lines}`, { serverMode: "passive" });
  expect(session.openReply?.features).toEqual(["EPSV", "EPRT"]);
});

describe("FEAT hides the commands that policy refuses, and no other", () => {
  const verbs = [
    ...["AUTH", "ADAT", "PBSZ", "PROT", "CCC", "MIC", "CONF", "ENC", "SSCN", "CPSV", "LPRT", "LPSV", "EPRT", "EPSV"],
    ...["SIZE", "MDTM", "REST", "HOST", "LANG", "CLNT", "MFMT", "MFCT", "MFF", "COMB", "RMDA", "SITE", "PRET", "HASH"],
    ...["AVBL", "THMB", "XCRC", "OPTS", "STAT", "MKD", "XMKD", "STOU", "APPE", "XYZZY"],
  ];
  const policies: readonly Partial<Policy>[] = [
    {},
    { readOnly: true },
    { commands: { deny: ["SIZE", "MFMT", "EPRT", "XYZZY"] } },
    { commands: { allow: ["SIZE", "EPSV", "AUTH", "SITE", "FEAT"] } },
    { commands: { allow: ["SIZE", "SITE", "FEAT", "MFMT"] }, readOnly: true },
  ];
  const given: Readonly<Record<string, string>> = { EPRT: "EPRT |1|192.168.1.100|2581|", EPSV: "EPSV" };

  test.each(policies.map((policy) => ({ policy })))("under %j", ({ policy }) => {
    for (const verb of verbs) {
      const script = `C> FEAT\nS> 211-Features:\nS>  ${verb}\nS> 211 End\nC> ${given[verb] ?? `${verb} x`}`;
      const { effects, facts } = feed(`${prologue[4]}\n${script}`, { policy });
      const isShown = effects.some((effect) => effect.kind === "to-client" && effect.bytes === ` ${verb}\r\n`);
      const isRefused = facts.some(({ kind }) => kind === "refusal");
      expect({ verb, isShown }).toEqual({ verb, isShown: !isRefused });
    }
  });
});
