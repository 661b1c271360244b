// Without server: commands of a client for whom no server is known yet, on the login route and where a pool's servers have users or hosts.
import type { Command } from "../ftp/command.ts";
import { securityCommand } from "./client-security.ts";
import { featuresBeforeLogin } from "./features.ts";
import { chooseServer } from "./login.ts";
import { chooseFromPool } from "./pool-route.ts";
import { answer, end, type Work } from "./work.ts";

/** Until a server is known only what needs none is answered. */
export function withoutServer(work: Work, command: Command): void {
  const { route } = work.session.options;
  switch (command.verb) {
    case "QUIT":
      answer(work, 221, "Goodbye.");
      end(work, "quit", "");
      break;
    case "NOOP":
      answer(work, 200, "NOOP command successful.");
      break;
    case "FEAT":
      answer(work, 211, featuresBeforeLogin(work.session));
      break;
    case "AUTH":
    case "PBSZ":
    case "PROT":
    case "CCC":
      securityCommand(work, command);
      break;
    default:
      if (route.kind === "pool" && route.choice !== undefined) chooseFromPool(work, route.choice, command);
      else chooseServer(work, command);
  }
}
