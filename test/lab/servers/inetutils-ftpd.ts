// The classic BSD server: it expects the control connection as its standard input, so a few lines of inetd come with it.
import path from "node:path";
import type { Blueprint } from "./blueprint.ts";

// One socket per family: these servers know no IPv4-mapped addresses.
const inetd = `
import select, socket, subprocess, sys
port, command = int(sys.argv[1]), sys.argv[2:]
def listening(family, address):
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    listener.bind((address, port))
    listener.listen(16)
    return listener
listeners = [listening(socket.AF_INET, "0.0.0.0"), listening(socket.AF_INET6, "::")]
running = []
while True:
    for listener in select.select(listeners, [], [])[0]:
        connection, _ = listener.accept()
        running.append(subprocess.Popen(command, stdin=connection, stdout=connection))
        connection.close()
        running = [process for process in running if process.poll() is None]
`;

export const inetutilsFtpd: Blueprint = {
  needs: ["python3"],
  modes: ["active", "passive"],
  launch: ({ program, folder, port }, { python3 }) => ({
    command: [
      ...[python3?.path ?? "python3", path.join(folder, "inetd.py"), String(port)],
      ...["env", `LD_LIBRARY_PATH=${program.env["LD_LIBRARY_PATH"] ?? ""}`],
      // Its PAM conversation fails with Linux-PAM 1.5, so it looks into the passwd files itself.
      ...[program.path, "--auth=default"],
    ],
    env: python3?.env ?? {},
    files: { "inetd.py": inetd },
  }),
};
