// Commands: the sub-commands, in the order of the help.
import type { Command } from "./command.ts";
import { advise } from "./commands/advise.ts";
import { check } from "./commands/check.ts";
import { completion } from "./commands/completion.ts";
import { demo } from "./commands/demo.ts";
import { doctor } from "./commands/doctor.ts";
import { probe } from "./commands/probe.ts";
import { ruleset } from "./commands/ruleset.ts";
import { schema } from "./commands/schema.ts";
import { run } from "./commands/run.ts";
import { sessions } from "./commands/sessions.ts";
import { top } from "./commands/top.ts";
import { trace } from "./commands/trace.ts";

export const commands: readonly Command[] = [
  run,
  check,
  doctor,
  probe,
  sessions,
  trace,
  top,
  ruleset,
  advise,
  demo,
  schema,
  completion,
];
