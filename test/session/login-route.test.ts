// The login route: the client names its server, and until then only what needs none is answered.
import { describe, expect, test } from "vitest";
import { parseNetwork } from "../../src/net/endpoint.ts";
import type { AllowRule } from "../../src/session/options.ts";
import { playFromStart, type PlayOptions } from "./play.ts";

function allow(...rules: readonly AllowRule[]): PlayOptions {
  return { route: { kind: "login", allow: rules } };
}

const anybody = allow({ kind: "name", pattern: "*" });

/** Plays from the gateway's own greeting. */
function playLogin(script: string, options: PlayOptions = anybody): ReturnType<typeof playFromStart> {
  return playFromStart(`     >C 220 FTP gateway ready; log in as user@host.\n${script}`, options);
}

describe("USER user@host", () => {
  test("connects to the server, hides its greeting and logs in there", () => {
    const { facts } = playLogin(`
C> USER bob@10.0.0.5
     connect 10.0.0.5:21
C> PASS secret
connected 10.0.0.5:21
S> 220-Welcome to the server
S>  of somebody else
S> 220 ready
     >S USER bob
     >S PASS ****
S> 331 Password
     >C 331 Password
S> 230 in
     >C 230 in
    `);
    expect(facts.at(-1)).toEqual({ kind: "logged-in", user: "bob" });
  });

  test.each([
    ["bob@10.0.0.5:2121", "10.0.0.5:2121", "bob"],
    ["bob@[fd00:2::5]", "[fd00:2::5]:21", "bob"],
    ["bob@[fd00:2::5]:2121", "[fd00:2::5]:2121", "bob"],
    ["bob@example.org@10.0.0.5", "10.0.0.5:21", "bob@example.org"],
    ["b\xf6b@10.0.0.5", "10.0.0.5:21", "b\xf6b"],
  ])("reads %s", (argument, endpoint, user) => {
    playLogin(`
C> USER ${argument}
     connect ${endpoint}
connected ${endpoint}
S> 220 ready
     >S USER ${user}
    `);
  });

  test("resolves a name and tries its addresses in order", () => {
    playLogin(`
C> USER bob@FTP.example.com
     resolve ftp.example.com:21
resolved 10.0.0.5:21 [fd00:2::5]:21
     connect 10.0.0.5:21 [fd00:2::5]:21
    `);
  });

  test.each([
    ["bob", "no-server"],
    ["bob@", "no-server"],
    ["@10.0.0.5", "malformed-login"],
    ["bob@10.0.0.5:99999", "malformed-login"],
    ["bob@[10.0.0.5", "malformed-login"],
    ["bob@127.1", "malformed-login"],
    ["bob@a b c", "malformed-login"],
  ])("without a server that can be understood is answered with 530: %j", (argument, reason) => {
    playLogin(`
C> USER ${argument}
     refuse ${reason}
     >C 530 Log in with USER user@host[:port].
C> USER bob@10.0.0.5
     connect 10.0.0.5:21
    `);
  });

  test.each([22, 80, 1023])("to port %i is refused: we are no way into other services", (port) => {
    playLogin(`
C> USER bob@10.0.0.5:${port}
     refuse server-port
     >C 530 Port ${port} is not allowed.
    `);
  });

  test("to a server that can't be reached ends with 421", () => {
    playLogin(`
C> USER bob@10.0.0.5
     connect 10.0.0.5:21
unreachable 10.0.0.5:21 EHOSTUNREACH
     refuse server-unreachable
     >C 421 10.0.0.5 is unreachable: there is no way to it.
     end server-unreachable
    `);
  });

  test("to a name that is unknown ends with 421", () => {
    playLogin(`
C> USER bob@nowhere.example.com
     resolve nowhere.example.com:21
unresolved nowhere.example.com ENOTFOUND
     refuse server-unreachable
     >C 421 nowhere.example.com is unreachable: its name can't be resolved (ENOTFOUND).
     end server-unreachable
    `);
  });

  test("to a name while too many are being looked up ends with 421, counted as such", () => {
    playLogin(`
C> USER bob@ftp.example.com
     resolve ftp.example.com:21
unresolvable
     refuse too-many-names
     >C 421 Too many names are being looked up; try again later.
     end server-unreachable
    `);
  });

  test("to a server that sends the client away shows its words", () => {
    playLogin(`
C> USER bob@10.0.0.5
     connect 10.0.0.5:21
connected 10.0.0.5:21
S> 120 Wait
S> 530-Too many
     >C 530-Too many
S> 530 of you
     >C 530 of you
     end server-closing
    `);
  });

  test("to a server that is full is a 421", () => {
    playLogin(`
C> USER bob@10.0.0.5
     connect 10.0.0.5:21
connected 10.0.0.5:21
S> 421 Full
     >C 421 Full
     end server-closing
    `);
  });
});

describe("OPEN and SITE", () => {
  test.each(["OPEN 10.0.0.5", "open 10.0.0.5", "SITE 10.0.0.5", "OPEN 10.0.0.5 21", "OPEN 10.0.0.5:21"])(
    "name the server, whose greeting is the answer: %s",
    (line) => {
      playLogin(`
C> ${line}
     connect 10.0.0.5:21
connected 10.0.0.5:21
S> 220 server ready
     >C 220 server ready
C> USER bob@example.org
     >S USER bob@example.org
C> SITE HELP
     >S SITE HELP
      `);
    },
  );

  test.each(["OPEN", "SITE", "OPEN a b c", "SITE CHMOD 644 x"])(
    "without a server are answered with 501: %s",
    (line) => {
      const verb = line.split(" ", 1)[0] ?? "";
      playLogin(`
C> ${line}
     refuse malformed-login
     >C 501 Use ${verb} host [port].
    `);
    },
  );
});

describe("who may be connected to", () => {
  test("is decided by name, whatever the address", () => {
    playLogin(
      `
C> USER bob@ftp.example.org
     refuse host-not-allowed
     >C 530 ftp.example.org is not allowed.
C> USER bob@ftp.example.com
     resolve ftp.example.com:21
resolved 10.0.0.5:21
     connect 10.0.0.5:21
      `,
      allow({ kind: "name", pattern: "*.example.com" }),
    );
  });

  test("is decided by network on every resolved address: a name that leads elsewhere does not help", () => {
    playLogin(
      `
C> USER bob@ftp.example.com
     resolve ftp.example.com:21
resolved 192.0.2.9:21 10.0.0.5:21 127.0.0.1:21
     connect 10.0.0.5:21
      `,
      allow({ kind: "network", network: parseNetwork("10.0.0.0/8") ?? { base: "", bits: 0 } }),
    );
  });

  test.each([
    ["127.0.0.1", "loopback"],
    ["::1", "loopback"],
    ["169.254.169.254", "link-local"],
    ["0.0.0.0", "unspecified"],
    ["224.0.0.1", "multicast"],
    ["64:ff9b::7f00:1", "loopback by NAT64"],
    ["192.0.2.1", "this machine's own"],
  ])("does not include %s (%s) by a pattern of names, not even by `*`: a network has to name it", (address) => {
    const own = { hasAddress: (asked: string) => asked === "192.0.2.1" };
    const host = address.includes(":") ? `[${address}]` : address;
    const endpoint = `${host}:2121`;
    playLogin(
      `
C> USER bob@${endpoint}
     refuse server-address
     >C 530 ${address} is not allowed: its address must be allowed by itself.
C> OPEN ftp.example.com 2121
     resolve ftp.example.com:2121
resolved ${endpoint}
     refuse server-address
     >C 530 ftp.example.com is not allowed: its address must be allowed by itself.
C> USER bob@ftp.example.com:2121
     resolve ftp.example.com:2121
resolved ${endpoint} 10.0.0.5:2121
     connect 10.0.0.5:2121
      `,
      { ...anybody, own },
    );
    const network = parseNetwork(address) ?? expect.fail();
    playLogin(
      `
C> USER bob@${endpoint}
     connect ${endpoint}
      `,
      { ...allow({ kind: "name", pattern: "*" }, { kind: "network", network }), own },
    );
  });

  test("does not include a literal address that no rule names", () => {
    playLogin(
      `
C> USER bob@10.0.0.5
     refuse host-not-allowed
     >C 530 10.0.0.5 is not allowed.
C> QUIT
     >C 221 Goodbye.
     end quit
      `,
      allow({ kind: "name", pattern: "*.example.com" }),
    );
  });

  test("does not include a name that has no address and that only a network could allow", () => {
    playLogin(
      `
C> USER bob@ftp.example.org
     resolve ftp.example.org:21
unresolved ftp.example.org ENOTFOUND
     refuse host-not-allowed
     >C 530 Not allowed, because its address is unknown: ftp.example.org ENOTFOUND.
C> USER bob@10.0.0.5
     connect 10.0.0.5:21
      `,
      allow({ kind: "network", network: parseNetwork("10.0.0.0/8") ?? { base: "", bits: 0 } }),
    );
  });

  test("does not include nobody: a name without addresses", () => {
    playLogin(`
C> USER bob@ftp.example.com
     resolve ftp.example.com:21
resolved
     refuse host-not-allowed
     >C 530 ftp.example.com is not allowed.
    `);
  });

  test("does not include this gateway itself (D5.90)", () => {
    playLogin(
      `
C> USER bob@192.0.2.1
     refuse loop
     >C 530 192.0.2.1 is this gateway itself.
C> USER bob@ftp.example.com
     resolve ftp.example.com:21
resolved 192.0.2.1:21 10.0.0.5:21
     connect 10.0.0.5:21
      `,
      { ...anybody, own: { listensAt: ({ address, port }) => address === "192.0.2.1" && port === 21 } },
    );
  });
});

describe("before a server is known", () => {
  test("what needs none is answered", () => {
    playLogin(`
C> NOOP
     >C 200 NOOP command successful.
C> feat
     >C 211 No features before login.
C> HELP
     >C 214 Log in with USER user@host[:port], or say OPEN host [port] first.
C> QUIT
     >C 221 Goodbye.
     end quit
    `);
  });

  test.each(["PASS secret", "SYST", "PASV", "PORT 1,2,3,4,5,6", "HOST x", "OPTS UTF8 ON", "REIN", "ABOR"])(
    "everything else is answered with 530: %s",
    (line) => {
      playLogin(`
C> ${line}
     refuse no-server
     >C 530 Log in with USER user@host[:port] first.
      `);
    },
  );

  test("TLS is refused as ever", () => {
    playLogin(`
C> AUTH TLS
     refuse tls
     >C 502 AUTH refused: this gateway has no TLS.
    `);
  });

  test("a client that closes is gone", () => {
    playLogin(`
C closes
     end client-gone
    `);
  });

  test("time to log in runs already", () => {
    playLogin(`
timer login
     >C 421 Login timed out.
     end login-timeout
    `);
  });
});

describe("a later USER", () => {
  const relayed = `
C> USER bob@ftp.example.com
     resolve ftp.example.com:21
resolved 10.0.0.5:21
     connect 10.0.0.5:21
connected 10.0.0.5:21
S> 220 ready
     >S USER bob
S> 530 No
     >C 530 No`;

  test("of the same server loses its host again (D3.53)", () => {
    playLogin(`${relayed}
C> USER alice@FTP.Example.com:21
     >S USER alice
    `);
  });

  test("without a host goes on as typed (D3.53)", () => {
    playLogin(`${relayed}
C> user alice
     >S user alice
    `);
  });

  test.each(["alice@ftp.example.org", "alice@ftp.example.com:2121"])("of another server is refused: %s", (argument) => {
    playLogin(`${relayed}
C> USER ${argument}
     refuse other-server
     >C 503 Already connected to another server; QUIT first.
C> NOOP
     >S NOOP
    `);
  });
});
