// Failures of TLS: refused, and failed by certificate, version, or a session that is not resumed.
import { makeCertificate } from "../../tls/made-certificate.ts";
import { addresses } from "../topology.ts";
import { connectBoth, type Ground, type Play, type Row } from "./stage.ts";

const own = makeCertificate();
const foreign = makeCertificate();

const certificates = [{ cert: own.certFile, key: own.keyFile }];

type Sides = { readonly client?: object; readonly server?: object };

/** `policy.tls: terminate`; the server is the row's, or with `port` another. */
const terminating = ({ client, server }: Sides, { clientRange, serverRange }: Ground): object => ({
  policy: { tls: "terminate" },
  clientSide: { dataPorts: `${clientRange}-${clientRange + 9}`, tls: { certificates, ...client } },
  serverSide: { dataPorts: `${serverRange}-${serverRange + 9}`, ...(server && { tls: server }) },
});

/** Towards a TLS server that OpenSSL plays, on a port of the row. */
const implicitly = (server: object, ground: Ground): object => ({
  ...terminating({ server: { mode: "required", implicit: true, ca: own.certFile, ...server } }, ground),
  route: { server: `${addresses.server.IPv4}:${ground.serverOwn}` },
});

async function visitTlsServer({ stage, entrance, serverOwn }: Play, ...options: readonly string[]): Promise<void> {
  const listen = ["-accept", `${addresses.server.IPv4}:${serverOwn}`, "-quiet"];
  const server = stage.lab.start("server", ["openssl", "s_server", ...listen, ...options]);
  // Until it listens, those who come are refused, which is another failure.
  for (let tries = 0; tries < 100; tries += 1) {
    const { stdout } = await stage.lab.run("server", ["ss", "-Hltn", `sport = :${serverOwn}`]);
    if (stdout.length > 0) break;
  }
  const control = await stage.client.connect(entrance.address, entrance.port);
  await control.reply();
  server.stdin.end();
  await stage.lab.run("server", ["kill", String(server.pid)]);
}

/** Python's ftplib never resumes a session. */
const withoutResuming = `
import ftplib, ssl, sys
ftp = ftplib.FTP_TLS(context=ssl._create_unverified_context())
ftp.connect(sys.argv[1], int(sys.argv[2]), timeout=5)
ftp.login("u", "p")
ftp.prot_p()
ftp.retrbinary("RETR a", lambda data: None)
`;

export const tlsRows: readonly Row[] = [
  {
    title: "the server refuses TLS",
    settings: (ground) => terminating({ server: { mode: "required" } }, ground),
    async play(play) {
      const { control, server } = await connectBoth(play);
      server.write("220 ready\r\n");
      await server.line();
      server.write("502 AUTH is not known here\r\n");
      await control.reply();
    },
    fails: ["server-control", "tls-refused", /10\.0\.0\.5:\d+ refuses the TLS .*AUTH answered 502/],
  },
  {
    title: "the server's certificate is signed by nobody who is trusted",
    settings: (ground) => implicitly({}, ground),
    play: (play) => visitTlsServer(play, "-cert", foreign.certFile, "-key", foreign.keyFile),
    fails: ["server-control", "tls-certificate", /10\.0\.0\.5 failed by a certificate: .*signed by itself/],
  },
  {
    title: "the server's certificate is for another name",
    settings: (ground) => implicitly({ name: "other.example.net" }, ground),
    play: (play) => visitTlsServer(play, "-cert", own.certFile, "-key", own.keyFile),
    fails: ["server-control", "tls-certificate", /for another name .*other\.example\.net/],
  },
  {
    title: "the server's TLS is too old",
    settings: (ground) => implicitly({ minVersion: "TLSv1.3" }, ground),
    play: (play) => visitTlsServer(play, "-cert", own.certFile, "-key", own.keyFile, "-tls1_2"),
    fails: ["server-control", "tls-version", /10\.0\.0\.5 .*no TLS version or cipher in common/],
  },
  {
    title: "the client's TLS is too old",
    settings: (ground) => terminating({ client: { minVersion: "TLSv1.3" } }, ground),
    async play(play) {
      const { stage, entrance, listener } = play;
      const connect = ["-connect", `${entrance.address}:${entrance.port}`];
      const client = stage.lab.run("client", ["openssl", "s_client", "-starttls", "ftp", "-tls1_2", ...connect]);
      (await listener.accept()).write("220 ready\r\n");
      await client;
    },
    fails: ["client-control", "tls-version", /192\.168\.1\.100 .*no TLS version or cipher in common/],
  },
  {
    title: "the client speaks no TLS behind AUTH",
    settings: (ground) => terminating({}, ground),
    async play(play) {
      const { control, server } = await connectBoth(play);
      server.write("220 ready\r\n");
      await control.reply();
      await control.command("AUTH TLS");
      control.write("USER u\r\n");
    },
    fails: ["client-control", "tls-failed", /192\.168\.1\.100 failed: what came is no TLS/],
  },
  {
    title: "the client's data connection does not resume its TLS session",
    settings: (ground) => terminating({ client: { sessionReuse: "require" } }, ground),
    async play(play) {
      const { stage, entrance, listener, serverOwn } = play;
      const data = await stage.server.listen(addresses.server.IPv4, serverOwn);
      const script = [withoutResuming, entrance.address, String(entrance.port)];
      const client = stage.lab.run("client", ["python3", "-c", ...script]);
      const server = await listener.accept();
      const endpoint = [...addresses.server.IPv4.split("."), serverOwn >> 8, serverOwn & 255].join(",");
      server.write("220 ready\r\n");
      for (const answer of ["331 password", "230 in", "200 type", `227 Entering Passive Mode (${endpoint})`]) {
        await server.line();
        server.write(`${answer}\r\n`);
      }
      await data.accept();
      await server.line();
      server.write("150 Here it comes\r\n");
      await client;
    },
    fails: ["client-data-in", "tls-not-resumed", /192\.168\.1\.100 did not resume the TLS session/],
  },
];
