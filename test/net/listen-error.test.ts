import { expect, test } from "vitest";
import { explainListenError } from "../../src/net/listen-error.ts";

test.each([
  ["EADDRNOTAVAIL", "9.9.9.9", "EADDRNOTAVAIL: this machine has no address 9.9.9.9"],
  ["EADDRINUSE", "0.0.0.0", "EADDRINUSE: another program has port 21; ss -ltnp tells which"],
  ["EAFNOSUPPORT", "::", "EAFNOSUPPORT: this machine has no IPv6"],
  ["EIO", "::", "EIO"],
  ["toString", "::", "toString"],
])("%s on %s is explained", (code, address, text) => {
  expect(explainListenError(code, { address, port: 21 })).toBe(text);
});

test("a port that needs a privilege is said to", () => {
  expect(explainListenError("EACCES", { address: "0.0.0.0", port: 21 })).toMatch(
    /^EACCES: port 21 .*CAP_NET_BIND_SERVICE/,
  );
});
