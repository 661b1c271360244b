// Servers written in Python: each is a library, with a few lines that serve one folder.
import path from "node:path";
import { account, type Blueprint } from "./blueprint.ts";

type Traits = Pick<Blueprint, "modes" | "security" | "needsForTls">;

const asProgram = (script: string, traits: Traits): Blueprint => ({
  ...traits,
  needs: ["python3"],
  launch: ({ program, folder, home, port, passivePorts, foreignPorts, tls }, { python3, pyOpenSSL }) => ({
    command: [
      ...[python3?.path ?? "python3", path.join(folder, "server.py")],
      ...[home, account.user, account.password, String(port), ...passivePorts.map(String), foreignPorts ? "yes" : "no"],
      tls?.both ?? "",
    ],
    env: {
      ...python3?.env,
      PYTHONPATH: [program, pyOpenSSL].flatMap((one) => one?.env["PYTHONPATH"] ?? []).join(":"),
      ...(pyOpenSSL?.env["LD_LIBRARY_PATH"] && { LD_LIBRARY_PATH: pyOpenSSL.env["LD_LIBRARY_PATH"] }),
    },
    files: { "server.py": script },
  }),
});

export const pyftpdlib = asProgram(
  `
import logging, sys
from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import FTPHandler
from pyftpdlib.servers import FTPServer
home, user, password, port, first, last, foreign, pem = sys.argv[1:]
logging.basicConfig(level=logging.INFO)
authorizer = DummyAuthorizer()
authorizer.add_user(user, password, home, perm="elradfmwMT")
if pem:
    from pyftpdlib.handlers import TLS_FTPHandler as FTPHandler
    FTPHandler.certfile = pem
    # Without it OpenSSL breaks off with clients that resume a session.
    FTPHandler.ssl_context = FTPHandler.get_ssl_context()
    FTPHandler.ssl_context.set_session_id(b"lab")
class Handler(FTPHandler):
    passive_ports = range(int(first), int(last) + 1)
    permit_foreign_addresses = foreign == "yes"
Handler.authorizer = authorizer
FTPServer(("::", int(port)), Handler).serve_forever()
`,
  { modes: ["active", "passive"], security: ["explicit"], needsForTls: ["pyOpenSSL"] },
);

export const aioftp = asProgram(
  `
import asyncio, logging, ssl, sys, aioftp
home, user, password, port, first, last, foreign, pem = sys.argv[1:]
logging.basicConfig(level=logging.INFO)
async def main():
    account = aioftp.User(user, password, base_path=home)
    context = None
    if pem:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(pem)
    server = aioftp.Server([account], data_ports=range(int(first), int(last) + 1), ssl=context)
    await server.run(None, int(port))
asyncio.run(main())
`,
  { modes: ["passive"], security: ["implicit"] },
);
