// Access commands of the embedded FTP server: login, logout, what the server can do and how it represents files.
import { type Command, prepareData, reply, replyLines } from "./server-session.ts";

const features = ["EPRT", "EPSV", "MDTM", "MLST type*;size*;modify*;", "REST STREAM", "SIZE", "TVFS", "UTF8"];

export const accessCommands: Readonly<Record<string, Command>> = {
  USER(session, argument) {
    session.user = argument;
    session.isLoggedIn = false;
    reply(session, 331, "Any password will do.");
  },
  PASS(session) {
    if (session.user === undefined) return reply(session, 503, "Login with USER first.");
    session.isLoggedIn = true;
    reply(session, 230, "Login successful.");
  },
  REIN(session) {
    session.user = undefined;
    session.isLoggedIn = false;
    session.isEpsvOnly = false;
    prepareData(session, undefined);
    reply(session, 220, session.options.greeting);
  },
  QUIT(session) {
    reply(session, 221, "Goodbye.");
    session.control.end();
  },
  SYST: (session) => reply(session, 215, "UNIX Type: L8"),
  NOOP: (session) => reply(session, 200, "NOOP command successful."),
  HELP: (session) => reply(session, 214, "A demonstration server; see RFC 959."),
  FEAT: (session) => replyLines(session, ["211-Features:", ...features.map((feature) => ` ${feature}`), "211 End"]),
  OPTS(session, argument) {
    if (/^utf-?8( on)?$/i.test(argument)) reply(session, 200, "UTF8 is always on.");
    else reply(session, 501, "Option not understood.");
  },
  TYPE(session, argument) {
    if (/^(a|a n|i|l 8)$/i.test(argument)) reply(session, 200, `Type is ${argument}.`);
    else reply(session, 504, "No.");
  },
  MODE(session, argument) {
    if (/^s$/i.test(argument)) reply(session, 200, "Mode is S.");
    else reply(session, 504, "Only MODE S.");
  },
  STRU(session, argument) {
    if (/^f$/i.test(argument)) reply(session, 200, "Structure is F.");
    else reply(session, 504, "Only STRU F.");
  },
  ALLO: (session) => reply(session, 202, "No storage allocation necessary."),
};
