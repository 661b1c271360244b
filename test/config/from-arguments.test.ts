import { expect, test } from "vitest";
import { configFromArguments } from "../../src/config/from-arguments.ts";
import { parseConfig } from "../../src/config/parse.ts";

test("the flags make the configuration that a file would make", () => {
  const file = parseConfig(`
log: { format: pretty }
admin: { listen: "127.0.0.1:0" }
gateways:
  - name: main
    listen: ["0.0.0.0:2121", "[::]:2121"]
    route: { server: "10.0.0.5:21" }
    clientSide: { advertise: 203.0.113.7, dataPorts: 50000-50999 }
`);
  const flags = configFromArguments({
    listen: ["0.0.0.0:2121", "[::]:2121"],
    server: "10.0.0.5",
    advertise: "203.0.113.7",
    dataPorts: "50000-50999",
    admin: "127.0.0.1:0",
    logFormat: "pretty",
  });
  expect(flags.ok).toBe(true);
  expect(flags).toEqual(file);
});

test("two flags are enough, and all else has its default", () => {
  const parsed = configFromArguments({ listen: ["127.0.0.1:0"], server: "ftp.example.com" });
  expect(parsed).toMatchObject({ ok: true, config: { log: { format: "json" }, gateways: [{ name: "main" }] } });
});

test("every problem is reported under its flag", () => {
  const parsed = configFromArguments({
    listen: ["0.0.0.0:2121", "x"],
    server: "10.0.0.5:0",
    advertise: "0.0.0.0",
    dataPorts: "2-1",
    admin: "0.0.0.0:2121",
    logFormat: "xml",
  });
  expect(parsed.ok ? [] : parsed.problems.map(({ path, message }) => `${path}: ${message}`)).toEqual([
    '--log-format: expected one of json, pretty, journal, got "xml"',
    expect.stringMatching(/^--admin: whoever reaches this address reads .*admin\.open: true/),
    '--listen: expected a literal address and a port such as 0.0.0.0:21, [::]:21 or :21, got "x"',
    "--server: 10.0.0.5:0: nobody can connect to port 0",
    "--advertise: 0.0.0.0 is no address that a peer can connect to",
    "--data-ports: the range 2-1 is empty: its first port is above its last",
    "--admin: 0.0.0.0:2121 is taken by --listen (0.0.0.0:2121)",
  ]);
});
