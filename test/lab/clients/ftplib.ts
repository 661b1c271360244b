// Python's ftplib, as a script that reads its steps as JSON.
import { allKinds, bothFamilies, bothModes, launch, patienceSeconds, type Client } from "./client.ts";

const script = `
import ftplib, json, os, ssl, sys
visit = json.load(sys.stdin)
tls = visit.get("tls")
class Implicit(ftplib.FTP_TLS):
    def connect(self, host, port, timeout):
        ftplib.socket.setdefaulttimeout(timeout)
        self.host, self.port, self.timeout = host, port, timeout
        plain = ftplib.socket.create_connection((host, port), timeout)
        self.af = plain.family
        self.sock = self.context.wrap_socket(plain, server_hostname=host)
        self.file = self.sock.makefile("r", encoding=self.encoding)
        self.welcome = self.getresp()
        return self.welcome
def resuming(kind):
    # As shipped, ftplib resumes no session on data connections, which several servers insist on.
    class Resuming(kind):
        def ntransfercmd(self, cmd, rest=None):
            conn, size = ftplib.FTP.ntransfercmd(self, cmd, rest)
            return self.context.wrap_socket(conn, server_hostname=self.host, session=self.sock.session), size
    return Resuming
# latin-1 on both sides: names are the bytes that the steps name.
if tls is None:
    ftp = ftplib.FTP(encoding="latin-1")
else:
    context = ssl.create_default_context(cafile=tls["ca"])
    version = ssl.TLSVersion.TLSv1_3 if tls["version"] == "TLSv1.3" else ssl.TLSVersion.TLSv1_2
    context.minimum_version = context.maximum_version = version
    ftp = resuming(Implicit if tls["security"] == "implicit" else ftplib.FTP_TLS)(context=context, encoding="latin-1")
ftp.set_debuglevel(1)
ftp.connect(visit["host"], visit["port"], timeout=visit["patience"])
if tls and tls["security"] == "explicit":
    ftp.auth()
if tls:
    ftplib.FTP.login(ftp, visit["user"], visit["password"])
    ftp.prot_p()
else:
    ftp.login(visit["user"], visit["password"])
ftp.set_pasv(visit["mode"] == "passive")
def play(step):
    kind = step["kind"]
    if kind == "list":
        ftp.retrlines("LIST")
    elif kind == "download":
        with open(step["local"], "wb") as file:
            ftp.retrbinary("RETR " + step["remote"], file.write, 262144)
    elif kind == "resume":
        with open(step["local"], "ab") as file:
            ftp.retrbinary("RETR " + step["remote"], file.write, 262144, rest=os.path.getsize(step["local"]))
    elif kind == "upload":
        with open(step["local"], "rb") as file:
            ftp.storbinary("STOR " + step["remote"], file, 262144)
    elif kind == "rename":
        ftp.rename(step["from"], step["to"])
    elif kind == "delete":
        ftp.delete(step["remote"])
for step in visit["steps"]:
    try:
        play(step)
    except ftplib.error_reply as error:
        print("failed:", error)
    except ftplib.Error as error:
        print("failed:", error)
    except (OSError, EOFError) as error:
        # The control connection is out of step after it.
        print("failed:", repr(error))
        break
try:
    ftp.quit()
except Exception as error:
    print("failed:", repr(error))
`;

export const ftplib: Client = {
  program: "python3",
  modes: bothModes,
  families: bothFamilies,
  kinds: allKinds,
  anyBytes: true,
  security: ["explicit", "implicit"],
  play: (visit) => {
    const { mode, host, port, user, password, steps, tls } = visit;
    const told = { mode, host, port, user, password, steps, tls, patience: patienceSeconds };
    // JSON escapes keep the input ASCII.
    const input = JSON.stringify(told).replace(
      /[^ -~]/g,
      (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
    );
    return launch(visit, ["-u", "-c", script], input);
  },
};
