// TLS from the file to the options of a gateway.
import { describe, expect, test } from "vitest";
import { parseConfig } from "../../src/config/parse.ts";
import type { GatewayOptions } from "../../src/gateway/options.ts";

const shared = { cert: "/etc/a.pem", key: "/etc/a.key" };

function gatewayWith(lines: string): GatewayOptions | undefined {
  const parsed = parseConfig(`
tls: { certificates: { cert: /etc/a.pem, key: /etc/a.key } }
gateways:
  - listen: [":21", { endpoint: ":990", tls: implicit }]
    route: { server: ftp.example.com }
${lines}`);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.config.gateways[0];
}

test("terminate has every default, and the certificates of the process", () => {
  expect(gatewayWith("    policy: { tls: terminate }")?.tls).toEqual({
    kind: "terminate",
    client: {
      ...{ require: "none", ccc: false, certificates: [shared], minVersion: "TLSv1.2", sessionReuse: "prefer" },
      truncation: "reset",
    },
    server: {
      ...{ mode: "off", implicit: false, data: "private", verify: true, ca: "system", minVersion: "TLSv1.2" },
      truncation: "reset",
    },
  });
});

test("what a side names is its own", () => {
  const gateway = gatewayWith(`
    policy: { tls: terminate }
    clientSide:
      tls:
        certificates: [{ cert: b, key: c }]
        require: data
        clientCertificates: { ca: d, user: cn }
    serverSide:
      tls:
        mode: required
        name: FTP.Example.Com
        pin: sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=
        certificate: { cert: e, key: f }
`);
  expect(gateway?.tls).toMatchObject({
    client: { certificates: [{ cert: "b", key: "c" }], require: "data", user: "cn" },
    server: { name: "ftp.example.com", pin: "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" },
  });
  expect(gateway?.tls).toMatchObject({
    client: { clientCertificates: { ca: "d", require: false } },
    server: { certificate: { cert: "e", key: "f" } },
  });
});

test("PROT as the client's is what match-client means, unless data says otherwise", () => {
  const withServer = (tls: string) =>
    gatewayWith(`    policy: { tls: terminate }\n    serverSide: { tls: ${tls} }`)?.tls;
  expect(withServer("{ mode: match-client }")).toHaveProperty("server.data", "match");
  expect(withServer("{ mode: match-client, data: private }")).toHaveProperty("server.data", "private");
});

test("passthrough has nothing of its own, and a listener for implicit TLS is marked", () => {
  const gateway = gatewayWith("    policy: { tls: passthrough }");
  expect(gateway?.tls).toEqual({ kind: "passthrough" });
  expect(gateway?.listen).toEqual([
    ...["0.0.0.0", "::"].map((address) => ({ address, port: 21 })),
    ...["0.0.0.0", "::"].map((address) => ({ address, port: 990, tls: "implicit" })),
  ]);
});

describe("TLS of some clients", () => {
  const policiesOf = (lines: string) => {
    const parsed = parseConfig(`
tls: { certificates: { cert: /etc/a.pem, key: /etc/a.key } }
gateways:
  - listen: ":21"
    route: { server: ftp.example.com }
${lines}`);
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
    const [gateway] = parsed.config.gateways;
    const demands = [gateway?.policy, ...(gateway?.policies ?? []).map(({ policy }) => policy)].map(
      (policy) => policy?.tls,
    );
    return [gateway?.tls?.kind, ...demands];
  };

  test("is terminated where an entry says so, and refused to all others", () => {
    const entries = `[{ clients: 10.0.0.0/8, tls: terminate }, { clients: 11.0.0.0/8, tls: { require: data } },
                      { clients: 12.0.0.0/8, readOnly: true }]`;
    expect(policiesOf(`    policies: ${entries}`)).toEqual(["terminate", "refuse", "none", "data", "refuse"]);
    const required = "    clientSide: { tls: { require: login } }\n";
    expect(policiesOf(`${required}    policies: [{ clients: 10.0.0.0/8, tls: terminate }]`)).toEqual([
      ...["terminate", "refuse", "login"],
    ]);
  });

  test("is refused, or demanded more or less, where all others have it", () => {
    const all = "    policy: { tls: terminate }\n    clientSide: { tls: { require: login } }\n";
    const entries = `[{ clients: 10.0.0.0/8, tls: refuse }, { users: "partner-*", tls: { require: data } },
                      { users: old, tls: { require: none } }, { users: other, readOnly: true }]`;
    expect(policiesOf(`${all}    policies: ${entries}`)).toEqual([
      ...["terminate", undefined, "refuse", "data", "none", undefined],
    ]);
  });

  test("passes through where an entry says so", () => {
    expect(policiesOf("    policies: [{ clients: 10.0.0.0/8, tls: passthrough }]")).toEqual([
      ...["passthrough", "refuse", "none"],
    ]);
    const all = "    policy: { tls: passthrough }\n";
    expect(policiesOf(`${all}    policies: [{ clients: 10.0.0.0/8, tls: refuse }]`)).toEqual([
      ...["passthrough", undefined, "refuse"],
    ]);
  });
});
