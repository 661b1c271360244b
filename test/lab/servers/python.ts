// Servers written in Python: each is a library, with a few lines that serve one folder.
import path from "node:path";
import { account, type Blueprint } from "./blueprint.ts";

const asProgram = (script: string, modes: Blueprint["modes"]): Blueprint => ({
  needs: ["python3"],
  modes,
  launch: ({ program, folder, home, port, passivePorts, foreignPorts }, { python3 }) => ({
    command: [
      ...[python3?.path ?? "python3", path.join(folder, "server.py")],
      ...[home, account.user, account.password, String(port), ...passivePorts.map(String), foreignPorts ? "yes" : "no"],
    ],
    env: { ...python3?.env, PYTHONPATH: program.env["PYTHONPATH"] ?? "" },
    files: { "server.py": script },
  }),
});

export const pyftpdlib = asProgram(
  `
import logging, sys
from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import FTPHandler
from pyftpdlib.servers import FTPServer
home, user, password, port, first, last, foreign = sys.argv[1:]
logging.basicConfig(level=logging.INFO)
authorizer = DummyAuthorizer()
authorizer.add_user(user, password, home, perm="elradfmwMT")
class Handler(FTPHandler):
    passive_ports = range(int(first), int(last) + 1)
    permit_foreign_addresses = foreign == "yes"
Handler.authorizer = authorizer
FTPServer(("::", int(port)), Handler).serve_forever()
`,
  ["active", "passive"],
);

export const aioftp = asProgram(
  `
import asyncio, logging, sys, aioftp
home, user, password, port, first, last, foreign = sys.argv[1:]
logging.basicConfig(level=logging.INFO)
async def main():
    account = aioftp.User(user, password, base_path=home)
    server = aioftp.Server([account], data_ports=range(int(first), int(last) + 1))
    await server.run(None, int(port))
asyncio.run(main())
`,
  ["passive"],
);
