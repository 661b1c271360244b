// A small FTP server for hasty clients: it reads an upload late and tells what came of it, and it looks once only whether its data
// connection is there.
import { labFile, type Lab } from "./lab.ts";
import { program } from "./programs.ts";

const script = `
import hashlib, json, select, socket, sys, threading, time
late = float(sys.argv[1])
listener = socket.create_server(("", 21), family=socket.AF_INET)
print("listening", flush=True)

def read_upload(connection):
    # Little by little, so that most of it is still on the way when the client has gone.
    digest, count, end = hashlib.sha256(), 0, "fin"
    try:
        while chunk := connection.recv(65536):
            digest.update(chunk)
            count += len(chunk)
            time.sleep(0.001)
    except OSError:
        end = "reset"
    return {"bytes": count, "sha256": digest.hexdigest(), "end": end}

def serve(control):
    control.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    say = lambda line: control.sendall(line.encode() + b"\\r\\n")
    passive, announced = None, None
    say("220 ready")
    for line in control.makefile("rb"):
        verb, _, argument = line.decode("latin1").strip().partition(" ")
        verb = verb.upper()
        if verb == "USER": say("331 password")
        elif verb == "PASS": say("230 in")
        elif verb == "PASV":
            host = control.getsockname()[0]
            passive, announced = socket.create_server((host, 0)), None
            port = passive.getsockname()[1]
            say("227 Entering Passive Mode (%s,%d,%d)" % (host.replace(".", ","), port // 256, port % 256))
        elif verb == "PORT":
            numbers = argument.split(",")
            passive, announced = None, (".".join(numbers[:4]), int(numbers[4]) * 256 + int(numbers[5]))
            say("200 PORT")
        elif verb == "LIST":
            if not select.select([passive], [], [], 0)[0]:
                say("425 nobody is there")
                continue
            say("150 here")
            connection = passive.accept()[0]
            connection.sendall(b"listed\\r\\n")
            connection.close()
            say("226 done")
        elif verb == "STOR":
            connection = passive.accept()[0] if passive else socket.create_connection(announced, 5)
            say("150 go on")
            time.sleep(late)
            told = read_upload(connection)
            connection.close()
            try:
                gone = select.select([control], [], [], 0)[0] and control.recv(1, socket.MSG_PEEK) == b""
            except OSError:
                gone = True
            print("upload", json.dumps({**told, "isControlOpen": not gone}), flush=True)
            try: say("226 done")
            except OSError: pass
        elif verb == "QUIT":
            say("221 bye")
            break
        else: say("200 ok")

def session(control):
    try: serve(control)
    except OSError: pass
    control.close()
    print("over", flush=True)

while True:
    control, _ = listener.accept()
    threading.Thread(target=session, args=(control,), daemon=True).start()
`;

export type Upload = {
  readonly bytes: number;
  readonly sha256: string;
  readonly end: "fin" | "reset";
  /** When its last byte was read. */
  readonly isControlOpen: boolean;
};

export type HastyServer = {
  /** The upload of that number, from 1. */
  upload(number: number): Promise<Upload>;
  /** How many control connections have ended. */
  over(): number;
};

/** On port 21 of the server's addresses. An upload is read so many seconds after its 150. */
export async function startHastyServer(lab: Lab, lateSeconds: number): Promise<HastyServer> {
  const { path, env } = await program("python3");
  const file = await labFile(lab, "hasty-server.py", script);
  const running = lab.start("server", [path, "-u", file, String(lateSeconds)], { env });
  await running.line(/^listening$/);
  const linesOf = (word: string): string[] =>
    running
      .output()
      .split("\n")
      .filter((line) => line.startsWith(word));
  return {
    async upload(number) {
      for (let waited = 0; waited < 20_000; waited += 50) {
        const line = linesOf("upload ")[number - 1];
        if (line !== undefined) return JSON.parse(line.slice("upload ".length)) as Upload;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      throw new Error(`upload ${number} did not end:\n${running.output()}`);
    },
    over: () => linesOf("over").length,
  };
}
