// Python's ftplib, as a script that reads its steps as JSON.
import { allKinds, bothFamilies, bothModes, launch, patienceSeconds, type Client } from "./client.ts";

const script = `
import ftplib, json, os, sys
visit = json.load(sys.stdin)
# latin-1 on both sides: names are the bytes that the steps name.
ftp = ftplib.FTP(encoding="latin-1")
ftp.set_debuglevel(1)
ftp.connect(visit["host"], visit["port"], timeout=visit["patience"])
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
  play: (visit) => {
    const { mode, host, port, user, password, steps } = visit;
    const told = { mode, host, port, user, password, steps, patience: patienceSeconds };
    // JSON escapes keep the input ASCII.
    const input = JSON.stringify(told).replace(
      /[^ -~]/g,
      (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
    );
    return launch(visit, ["-u", "-c", script], input);
  },
};
