// TLS by policy: for some clients AUTH is refused, or must be said, and some users must be under TLS whatever holds for others.
import { describe, expect, test } from "vitest";
import { play, type PlayOptions } from "./play.ts";

const greeted = "connected 10.0.0.5:21\nS> 220 ready";
const secured = `${greeted}\nC> AUTH TLS\ntls started client`;
const as = (user: string) => `C> USER ${user}\nS> 331 password\nC> PASS p\nS> 230 in`;

describe("a client to whom TLS is refused", () => {
  const refused: PlayOptions = { tls: { client: { require: "data" } }, policy: { tls: "refuse" } };

  test("gets 502 for AUTH, PBSZ and PROT, and needs none of them", () => {
    play(
      `
      C> AUTH TLS
           refuse tls
           >C 502 AUTH refused: this gateway has no TLS.
      C> PBSZ 0
           refuse tls
           >C 502 PBSZ refused: this gateway has no TLS.
      C> USER u
           >S USER u
      `,
      { ...refused, before: greeted },
    );
  });

  test("is told of no TLS by FEAT", () => {
    const feat = `
      C> FEAT
           >S FEAT
      S> 211-Features:
           >C 211-Features:
      S>  AUTH TLS
      S>  PROT
      S> 211 End
           >C 211 End
      `;
    play(feat, refused);
    play(feat, { tls: "passthrough", policy: { tls: "refuse" } });
  });

  test("where TLS passes through, is refused it likewise", () => {
    const { effects } = play(
      `
      C> AUTH TLS
           refuse tls
           >C 502 AUTH refused: this gateway has no TLS.
      `,
      { tls: "passthrough", policy: { tls: "refuse" } },
    );
    expect(effects.some(({ kind }) => kind === "to-server")).toBe(false);
  });

  test("has its server under TLS as others have", () => {
    play(
      `
      S> 220 ready
           >C 220 ready
           >S AUTH TLS
      `,
      { tls: { server: { mode: "required" } }, policy: { tls: "refuse" }, before: "connected 10.0.0.5:21" },
    );
  });
});

describe("what a policy demands of a client", () => {
  test("login: USER in clear is answered 530, though others may", () => {
    play(
      `
      C> USER u
           refuse tls-required
           >C 530 USER refused: say AUTH TLS first.
      `,
      { tls: {}, policy: { tls: "login" }, before: greeted },
    );
  });

  test("data: transfers and PROT C are refused where only this policy says so", () => {
    play(
      `
      C> PASV
           refuse clear-data
           >C 521 PASV refused: data connections need PROT P.
      C> PBSZ 0
           >C 200 PBSZ=0
      C> PROT C
           refuse prot-level
           >C 534 PROT C refused by policy of this gateway.
      `,
      { tls: {}, policy: { tls: "data" }, before: `${secured}\n${as("u")}` },
    );
  });

  test("none: clear text passes, though others must have TLS", () => {
    play("C> USER u\n     >S USER u", {
      ...{ tls: { client: { require: "data" } }, policy: { tls: "none" }, before: greeted },
    });
  });
});

describe("what a policy demands of a user", () => {
  const partners: PlayOptions = { tls: {}, userPolicies: [{ users: ["partner-*"], policy: { tls: "data" } }] };

  test("is judged by the name in USER: 530 before AUTH, while others log in", () => {
    play(
      `
      C> USER partner-one
           refuse tls-required
           >C 530 USER refused: say AUTH TLS first.
      C> USER anna
           >S USER anna
      `,
      { ...partners, before: greeted },
    );
  });

  test("holds for transfers once the server has accepted the login", () => {
    const pasv = "C> PASV\n     refuse clear-data\n     >C 521 PASV refused: data connections need PROT P.";
    play(pasv, { ...partners, before: `${secured}\n${as("partner-one")}` });
    play("C> PASV\n     >S PASV", { ...partners, before: `${secured}\n${as("anna")}` });
  });

  test("may be less than of others: that user logs in in clear, and nobody else does", () => {
    const old: PlayOptions = {
      tls: { client: { require: "data" } },
      userPolicies: [{ users: ["scanner"], policy: { tls: "none" } }],
      before: greeted,
    };
    play(
      `
      C> USER anna
           refuse tls-required
           >C 530 USER refused: say AUTH TLS first.
      C> PASS p
           refuse tls-required
           >C 530 PASS refused: say AUTH TLS first.
      C> USER scanner
           >S USER scanner
      S> 331 password
           >C 331 password
      C> PASS p
           >S PASS ****
      S> 230 in
           >C 230 in
      C> PASV
           >S PASV
      `,
      old,
    );
    // A refused login leaves what holds for everybody.
    play(
      `
      C> USER scanner
           >S USER scanner
      S> 530 no
           >C 530 no
      C> PASS p
           refuse tls-required
           >C 530 PASS refused: say AUTH TLS first.
      `,
      old,
    );
  });

  test("that says nothing of TLS leaves what holds for the client", () => {
    play("C> USER anna\n     refuse tls-required\n     >C 530 USER refused: say AUTH TLS first.", {
      tls: { client: { require: "login" } },
      userPolicies: [{ users: ["anna"], policy: { readOnly: true } }],
      before: greeted,
    });
  });
});
