// An FTP server that counts round trips: it answers only when nothing more comes, so each time that the client waits for an
// answer before it says more is a round, however fast the machine is.
import { labFile, type Lab } from "./lab.ts";
import { program } from "./programs.ts";

/** Long enough for a client that has something left to say, on a busy machine. */
const quietMs = 250;

const script = `
import json, select, socket, sys
quiet = int(sys.argv[1]) / 1000
body = b"x" * 1000
listener = socket.create_server(("", 21), family=socket.AF_INET)
print("listening", flush=True)
sessions = 0
while True:
    control, _ = listener.accept()
    control.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    state = {"announced": None, "listener": None}
    said, rounds, rest = [], [], b""
    control.sendall(b"220 patient\\r\\n")
    def data():
        if state["listener"] is not None: return state["listener"].accept()[0]
        return socket.create_connection(state["announced"], 5)
    def answer(line):
        verb, _, argument = line.partition(" ")
        verb = verb.upper()
        if verb == "USER": return "331 password"
        if verb == "PASS": return "230 in"
        if verb == "PWD": return '257 "/"'
        if verb == "SYST": return "215 UNIX Type: L8"
        if verb == "SIZE": return "213 1000"
        if verb == "MDTM": return "213 20260101000000"
        if verb in ("FEAT", "EPSV", "OPTS", "MLST", "MLSD"): return "500 unknown"
        if verb == "REST": return "350 restarting"
        if verb == "QUIT": return "221 bye"
        if verb == "PORT":
            numbers = argument.split(",")
            state["announced"], state["listener"] = (".".join(numbers[:4]), int(numbers[4]) * 256 + int(numbers[5])), None
            return "200 PORT"
        if verb == "PASV":
            state["listener"] = socket.create_server((control.getsockname()[0], 0))
            port = state["listener"].getsockname()[1]
            return "227 Entering Passive Mode (%s,%d,%d)" % (control.getsockname()[0].replace(".", ","), port // 256, port % 256)
        if verb in ("RETR", "LIST", "NLST", "STOR"):
            control.sendall(b"150 here\\r\\n")
            connection = data()
            if verb == "STOR":
                while connection.recv(65536): pass
            else: connection.sendall(body)
            connection.close()
            return "226 done"
        return "200 ok"
    while True:
        if select.select([control], [], [], quiet if said else None)[0]:
            chunk = control.recv(65536)
            if not chunk: break
            lines = (rest + chunk).split(b"\\r\\n")
            rest = lines.pop()
            said += [line.decode("latin1") for line in lines]
        elif said:
            rounds.append(said)
            for line in said: control.sendall(answer(line).encode() + b"\\r\\n")
            if said[-1].upper() == "QUIT": break
            said = []
    control.close()
    sessions += 1
    print("session", sessions, json.dumps(rounds), flush=True)
`;

export type PatientServer = {
  /** The commands of the next session that ends, a list for each round. */
  session(): Promise<string[][]>;
};

export async function startPatientServer(lab: Lab): Promise<PatientServer> {
  const { path, env } = await program("python3");
  const file = await labFile(lab, "patient-server.py", script);
  const running = lab.start("server", [path, "-u", file, String(quietMs)], { env });
  await running.line(/^listening$/);
  let asked = 0;
  return {
    async session() {
      const prefix = `session ${++asked} `;
      const line = await running.line(new RegExp(`^${prefix}`), 20_000);
      return JSON.parse(line.slice(prefix.length)) as string[][];
    },
  };
}
