import { expect, test } from "vitest";
import { ask, logIn, serve } from "./loopback.ts";

test("after EPSV ALL only EPSV is accepted", async () => {
  const client = await logIn(await serve());
  expect(await ask(client, "EPSV ALL")).toMatch(/^200 /);
  expect(await ask(client, "PASV")).toMatch(/^501 /);
  expect(await ask(client, "PORT 127,0,0,1,200,10")).toMatch(/^501 /);
  expect(await ask(client, "EPSV")).toMatch(/^229 /);
});

test("EPSV for the other address family is answered 522, and PASV over IPv6 425", async () => {
  expect(await ask(await logIn(await serve()), "EPSV 2")).toBe("522 Network protocol not supported, use (1)");
  const overIPv6 = await logIn(await serve({ listen: { address: "::1", port: 0 } }));
  expect(await ask(overIPv6, "EPSV 1")).toBe("522 Network protocol not supported, use (2)");
  expect(await ask(overIPv6, "PASV")).toMatch(/^425 /);
});

test("a PORT or EPRT that names a third host or a port below 1024 is refused", async () => {
  const client = await logIn(await serve());
  expect(await ask(client, "PORT 192,168,1,100,10,21")).toBe("500 Illegal PORT command.");
  expect(await ask(client, "EPRT |1|192.168.1.100|2581|")).toBe("500 Illegal EPRT command.");
  expect(await ask(client, "PORT 127,0,0,1,0,25")).toBe("500 Illegal PORT command.");
  expect(await ask(client, "RETR x")).toMatch(/^550 /);
  expect(await ask(client, "LIST")).toMatch(/^425 /);
});

test("malformed arguments are answered 501, a foreign address family 522", async () => {
  const client = await logIn(await serve());
  for (const line of ["PORT 1,2,3,4,5", "PORT 1,2,3,4,5,256", "PORT", "EPRT |1|127.0.0.1|9", "EPRT |1|::1|9999|"]) {
    expect(await ask(client, line), line).toMatch(/^501 /);
  }
  expect(await ask(client, "EPRT |2|::1|9999|")).toBe("522 Network protocol not supported, use (1)");
});
