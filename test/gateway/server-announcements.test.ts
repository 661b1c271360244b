// What servers answer to PASV and EPSV (D1, D2), over real sockets: what can be used is used, the rest is refused.
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { fileBody, type FakeSession, type Script } from "./fake-server.ts";
import { dialData, portOf, readAll } from "./ftp-dialogue.ts";
import { activeSamples, passive, setStage } from "./stage.ts";

/** A PASV that opens a data port and answers `form` with `$h`, `$1` and `$2` filled in. */
function pasv(form: string, host = "127,0,0,1"): Script {
  return {
    async PASV(s: FakeSession) {
      const port = await s.listen();
      s.say(
        form
          .replace("$h", host)
          .replace("$1", String(port >> 8))
          .replace("$2", String(port & 255)),
      );
    },
  };
}

function epsv(form: string): Script {
  return {
    async EPSV(s: FakeSession) {
      s.say(form.replace("$p", String(await s.listen())));
    },
  };
}

async function downloads(script: Script, command: "PASV" | "EPSV", overrides = {}): Promise<string> {
  const { client } = await setStage(script, overrides);
  const reply = await client.ask(command);
  const received = readAll(await dialData(portOf(reply)));
  expect(await client.ask("RETR x")).toMatch(/^150/);
  const { bytes, end } = await received;
  expect([bytes.equals(fileBody), end]).toEqual([true, "fin"]);
  return reply;
}

describe("227 is understood, and the client reads the canonical form", () => {
  test.each([
    ["canonical (D1.1)", "227 Entering Passive Mode ($h,$1,$2)"],
    ["with a full stop (D1.1)", "227 Entering Passive Mode ($h,$1,$2)."],
    ["without parentheses (D1.2)", "227 Entering Passive Mode. $h,$1,$2"],
    ["with other words before (D1.3)", "227 Data transfer will passively listen to $h,$1,$2"],
    ["in the = form (D1.4)", "227 =$h,$1,$2"],
    ["with blanks (D1.6)", "227 Entering Passive Mode ( 127, 0, 0, 1, $1, $2 )"],
    ["with leading zeros (D1.5)", "227 Entering Passive Mode (127,000,000,001,$1,$2)"],
    ["with digits in the text before (D1.9)", "227 Port 2 open ($h,$1,$2)"],
    ["in another language (D1.16)", "227 Passiver Modus (\xfcbrigens: $h,$1,$2)"],
    ["in several lines", "227-Entering\r\n soon\r\n227 Passive Mode ($h,$1,$2)"],
  ])("%s", async (_, form) => {
    expect(await downloads(pasv(form), "PASV")).toMatch(/^227 Entering Passive Mode \(127,0,0,1,\d+,\d+\)$/);
  });

  test.each([
    ["0.0.0.0 (D1.10)", "0,0,0,0"],
    ["a private address (D1.11)", "10,1,2,3"],
    ["a link-local address (D1.11)", "169,254,1,1"],
    ["a third host (D1.12)", "192,0,2,77"],
  ])("with the address %s: the control peer is dialled", async (_, host) => {
    await downloads(pasv("227 Entering Passive Mode ($h,$1,$2)", host), "PASV");
  });

  test("after a preliminary reply, which is passed on (D1.18)", async () => {
    const { client } = await setStage({
      async PASV(s) {
        s.say("120 Soon");
        const port = await s.listen();
        s.say(`227 Entering Passive Mode (127,0,0,1,${port >> 8},${port & 255})`);
      },
    });
    expect(await client.ask("PASV")).toBe("120 Soon");
    expect(await client.reply()).toMatch(/^227 /);
  });
});

describe("a third host in 227", () => {
  test("is refused with 425 where policy says so (D1.12)", async () => {
    const { client, gateway } = await setStage(
      { PASV: (s) => s.say("227 Entering Passive Mode (192,0,2,77,200,10)") },
      { policy: { foreignAddress: { kind: "refuse" } } },
    );
    expect(await client.ask("PASV")).toMatch(/^425 /);
    expect(await client.ask("NOOP")).toMatch(/^200/);
    expect(await gateway.sample('refusals_total{gateway="test",reason="server-endpoint-foreign"}')).toBe(1);
  });

  test("is dialled where policy lists it (D1.12)", async () => {
    const networks = [{ base: "127.0.0.0", bits: 8 }];
    const farm = createServer((data) => data.on("error", () => {}).end("from another host")).listen(0, "127.0.0.3");
    onTestFinished(() => void farm.close());
    await once(farm, "listening");
    const { port } = farm.address() as AddressInfo;
    const { client } = await setStage(
      {
        PASV: (s) => s.say(`227 Entering Passive Mode (127,0,0,3,${port >> 8},${port & 255})`),
        RETR: (s) => s.say("150 Here it comes"),
      },
      { policy: { foreignAddress: { kind: "allow", networks } } },
    );
    const received = readAll(await passive(client));
    expect(await client.ask("RETR x")).toMatch(/^150/);
    expect((await received).bytes.toString()).toBe("from another host");
  });
});

describe("an unusable 227 is a 425, opens nothing, and the session lives", () => {
  test.each([
    ["a number above 255 (D1.7)", "227 Entering Passive Mode (127,0,0,1,256,1)"],
    ["five numbers (D1.8)", "227 Entering Passive Mode (127,0,0,1,200)"],
    ["no number at all", "227 Entering Passive Mode"],
    ["port 0 (D1.13)", "227 Entering Passive Mode (127,0,0,1,0,0)"],
    ["a port below 1024 (D1.13)", "227 Entering Passive Mode (127,0,0,1,0,25)"],
    ["a goodbye instead (D1.14)", "227 Logout."],
    ["another positive code", "200 Passive mode (127,0,0,1,200,10)"],
    ["a 229 instead", "229 Entering Extended Passive Mode (|||51210|)"],
  ])("%s", async (_, line) => {
    const { client, gateway } = await setStage({ PASV: (s) => s.say(line) });
    expect(await client.ask("PASV")).toMatch(/^425 /);
    expect(await client.ask("NOOP")).toMatch(/^200/);
    expect((await activeSamples(gateway)).filter((sample) => sample.includes("pinholes"))).toEqual([]);
  });
});

describe("229 is understood, and the client reads the canonical form", () => {
  test.each([
    ["canonical (D2.19)", "229 Entering Extended Passive Mode (|||$p|)"],
    ["with another text (D2.19)", "229 Extended Passive mode OK (|||$p|)"],
    ["with another delimiter (D2.20)", "229 Entering Extended Passive Mode (!!!$p!)"],
    ["with family and address (D2.21)", "229 Entering Extended Passive Mode (|1|127.0.0.1|$p|)"],
    ["with a foreign address in it (D2.21)", "229 Entering Extended Passive Mode (|1|192.0.2.77|$p|)"],
    ["in several lines", "229-Entering\r\n229 Extended Passive Mode (|||$p|)"],
  ])("%s", async (_, form) => {
    expect(await downloads(epsv(form), "EPSV")).toMatch(/^229 Entering Extended Passive Mode \(\|\|\|\d+\|\)$/);
  });

  test.each([
    ["port 0", "229 Entering Extended Passive Mode (|||0|)"],
    ["port 65536", "229 Entering Extended Passive Mode (|||65536|)"],
    ["a port below 1024", "229 Entering Extended Passive Mode (|||80|)"],
    ["no port", "229 Entering Extended Passive Mode (||||)"],
    ["two delimiters", "229 Entering Extended Passive Mode (||5000|)"],
    ["garbage", "229 ok"],
  ])("but not with %s: 425, and the session lives (D2.20)", async (_, line) => {
    const { client } = await setStage({ EPSV: (s) => s.say(line) });
    expect(await client.ask("EPSV")).toMatch(/^425 /);
    expect(await client.ask("NOOP")).toMatch(/^200/);
  });
});

describe("EPSV with an argument", () => {
  test("of the connection's family is served (D2.22)", async () => {
    const { client } = await setStage();
    expect(await client.ask("EPSV 1")).toMatch(/^229 /);
  });

  test("of the other family is refused with what can be used (D2.22)", async () => {
    const { client, server } = await setStage();
    expect(await client.ask("EPSV 2")).toMatch(/^522 .*\(1\)/);
    expect(server.session.lines).not.toContain("EPSV 2");
  });

  test("of nonsense is refused with 501 (D2.22)", async () => {
    const { client } = await setStage();
    expect(await client.ask("EPSV banana")).toMatch(/^501 /);
  });

  test("ALL is the server's to accept where it is asked in the client's words (D2.22)", async () => {
    const { client, server } = await setStage({ EPSV: (s) => s.say("200 EPSV ALL ok.") });
    expect(await client.ask("EPSV ALL")).toBe("200 EPSV ALL ok.");
    expect(server.session.lines.at(-1)).toBe("EPSV ALL");
    expect(await client.ask("PASV")).toMatch(/^501/);
    expect(server.session.lines.at(-1)).toBe("EPSV ALL");
  });

  test("ALL is ours where we translate; after it PORT, EPRT and PASV are refused (D2.22)", async () => {
    const { client, server } = await setStage({}, { serverSide: { mode: "passive" } });
    expect(await client.ask("EPSV ALL")).toMatch(/^200/);
    expect(server.session.lines).toHaveLength(2);
    for (const line of ["PASV", "PORT 127,0,0,1,200,10", "EPRT |1|127.0.0.1|51210|"]) {
      expect(await client.ask(line)).toMatch(/^501/);
    }
    expect(await client.ask("EPSV")).toMatch(/^229/);
  });
});

describe("what else announces an endpoint is not followed", () => {
  test.each(["LPSV", "LPRT 4,4,127,0,0,1,2,200,10"])("%s is answered 502 by the gateway (D2.23)", async (line) => {
    const { client, server } = await setStage();
    expect(await client.ask(line)).toMatch(/^502/);
    expect(server.session.lines).toHaveLength(2);
  });

  test("a 150 with a tuple in its text (D2.24)", async () => {
    const { client, gateway } = await setStage({
      async RETR(s) {
        s.say("150 Opening BINARY mode data connection for (1,2,3,4,5,6) (10000 bytes)");
        (await s.data()).end(fileBody);
        s.say("226 Done (9,9,9,9,9,9)");
      },
    });
    const received = readAll(await passive(client));
    expect(await client.ask("RETR x")).toBe("150 Opening BINARY mode data connection for (1,2,3,4,5,6) (10000 bytes)");
    expect((await received).bytes.length).toBe(fileBody.length);
    expect(
      await gateway.sample('pinholes_total{gateway="test",side="client",plane="relay",outcome="used"}'),
    ).toBeLessThan(2);
  });

  test("a 227 in the middle of the reply to PASV (D1.15)", async () => {
    const { client } = await setStage({
      async PASV(s) {
        const port = await s.listen();
        s.write(`227-Entering Passive Mode (127,0,0,1,${port >> 8},${port & 255})\r\n`);
        s.write("227-(127,0,0,1,9,9)\r\n227 end\r\n");
      },
    });
    const received = readAll(await passive(client));
    client.write("RETR x\r\n");
    expect((await received).bytes.length).toBe(fileBody.length);
  });

  test("a 227 for a command before PASV (D1.14)", async () => {
    const { client } = await setStage({ HELP: (s) => s.say("227 Entering Passive Mode (127,0,0,1,9,9)") });
    expect(await client.ask("HELP")).toBe("227 Entering Passive Mode (xxx,x,x,x,x,x)");
    const received = readAll(await passive(client));
    client.write("RETR x\r\n");
    expect((await received).bytes.length).toBe(fileBody.length);
  });
});
