// Data connections under TLS: what a handshake that fails, or an end without close_notify, is told as, and to whom.
import { describe, expect, test } from "vitest";
import type { TransferEnded } from "../../src/session/facts.ts";
import { downloading, play, uploading, type Played, type PlayOptions } from "./play.ts";

const login = "C> USER u\nS> 331 password\nC> PASS p\nS> 230 in";
/** Both legs are under TLS, and so are their data connections. */
const both: PlayOptions = {
  tls: { server: { mode: "required" } },
  before: [
    ...["connected 10.0.0.5:21", "S> 220 ready", "S> 234 go", "tls started server", "S> 200 PBSZ=0", "S> 200 private"],
    ...["C> AUTH TLS", "tls started client", login, "C> PBSZ 0", "C> PROT P"],
  ].join("\n"),
};

const ended = ({ facts }: Played): TransferEnded | undefined =>
  facts.findLast((fact) => fact.kind === "transfer-ended");

describe("a handshake on a data connection", () => {
  test("is recorded with its side, and that it resumed", () => {
    const { facts } = play(
      `
      secured client TLSv1.3 TLS_AES_128_GCM_SHA256 resumed in 2 ms
      secured server TLSv1.2 AES128-SHA
      `,
      { ...both, after: downloading },
    );
    expect(facts).toEqual([
      {
        ...{ kind: "tls-started", side: "client", connection: "data", version: "TLSv1.3" },
        ...{ cipher: "TLS_AES_128_GCM_SHA256", resumed: true, durationMs: 2 },
      },
      {
        ...{ kind: "tls-started", side: "server", connection: "data", version: "TLSv1.2" },
        ...{ cipher: "AES128-SHA", resumed: false, durationMs: 0 },
      },
    ]);
  });

  test.each([
    [
      "client",
      "not-resumed: no session",
      "tls-not-resumed",
      "your TLS did not resume the session of the control connection",
    ],
    ["client", "not-tls", "tls-failed", "your TLS failed on the data connection"],
    ["client", "no-shared-cipher", "tls-version", "your TLS has no common version or cipher"],
    ["client", "rejected: alert 48", "tls-certificate", "your TLS failed by a certificate"],
    ["server", "closed", "tls-failed", "TLS with the server failed on the data connection"],
    [
      "server",
      "not-resumed",
      "tls-not-resumed",
      "TLS with the server did not resume the session of the control connection",
    ],
  ])("of the %s that fails (%s) is 425 in words, though the server says 226", (side, detail, cause, words) => {
    const hop = side === "client" ? "client-data-in" : "server-data-out";
    const played = play(
      `
      closed ${side}-tls-failed: ${detail}
           fail ${hop} ${cause}
      S> 226 Done
           refuse no-data-connection
           >C 425 Can't open data connection: ${words}.
      `,
      { ...both, after: downloading },
    );
    expect(ended(played)).toMatchObject({ outcome: `${side}-tls-failed`, diagnosis: { hop, cause } });
    const [word] = detail.split(":", 1);
    expect(played.facts).toContainEqual(
      expect.objectContaining({ kind: "tls-failed", side, connection: "data", cause: word }),
    );
  });

  test("of the server's that fails is the server's to tell, where it says what it thinks of it", () => {
    play(
      `
      closed server-tls-failed: closed
           fail server-data-out tls-failed
      S> 522 SSL connection failed: session reuse required
           >C 522 SSL connection failed: session reuse required
      `,
      { ...both, after: downloading },
    );
  });

  test.each(["426 broken", "451 local error", "425 no"])(
    "of the client's that fails is told in our words: what the server says of it (%s) is about our reset",
    (reply) => {
      play(
        `
      closed client-tls-failed: not-resumed
           fail client-data-in tls-not-resumed
      S> ${reply}
           refuse no-data-connection
           >C 425 Can't open data connection: your TLS did not resume the session of the control connection.
      C> NOOP
           >S NOOP
      `,
        { ...both, after: downloading },
      );
    },
  );

  test("of an upload that does not resume leaves no file that is complete: the server's 226 is not passed on", () => {
    play(
      `
      closed client-tls-failed: not-resumed
           fail client-data-in tls-not-resumed
      S> 226 Done
           refuse no-data-connection
           >C 425 Can't open data connection: your TLS did not resume the session of the control connection.
      `,
      { ...both, after: uploading },
    );
  });
});

// D4.78
describe("a data connection that ends without close_notify", () => {
  test.each([
    ["server", "server-data-out"],
    ["client", "client-data-in"],
  ])("of a download, on the %s's side, is 426 and no complete file", (side, hop) => {
    const played = play(
      `
      closed tls-truncated 0 up 5 down in 3 ms: ${side}: FIN without close_notify
           fail ${hop} tls-truncated
      S> 226 Done
           refuse broken-transfer
           >C 426 Transfer incomplete: the ${side} ended the data connection without close_notify.
      `,
      { ...both, after: downloading },
    );
    expect(ended(played)).toMatchObject({ outcome: "tls-truncated", diagnosis: { hop, cause: "tls-truncated" } });
  });

  test("of an upload is 426, whatever the server says of what it was given", () => {
    play(
      `
      closed tls-truncated 5 up 0 down in 3 ms: client: FIN without close_notify
           fail client-data-in tls-truncated
      S> 226 Done
           refuse broken-transfer
           >C 426 Transfer incomplete: the client ended the data connection without close_notify.
      `,
      { ...both, after: uploading },
    );
  });

  test("is a quirk where it is tolerated", () => {
    play(
      `
      no-close-notify client
           quirk no-close-notify
      closed complete 5 up 0 down in 3 ms
      S> 226 Done
           >C 226 Done
      `,
      { ...both, after: uploading },
    );
  });
});

describe("a completion reply that waits for the data", () => {
  test("becomes 426 when the data are cut off", () => {
    play(
      `
      S> 226 Done
           linger
      closed tls-truncated 0 up 5 down in 3 ms: server: FIN without close_notify
           fail server-data-out tls-truncated
           refuse broken-transfer
           >C 426 Transfer incomplete: the server ended the data connection without close_notify.
      `,
      { ...both, after: downloading },
    );
  });
});
