// FileZilla on a virtual display, which looks for a compiler of keyboards where its own mounts show it.
import path from "node:path";
import { launch, type Client } from "./client.ts";

const mounts = `
root=$1; shift
[ "$root" = / ] || mount -t overlay overlay -o "lowerdir=$root/usr/bin:/usr/bin" /usr/bin
[ -e /usr/share/X11/xkb ] || mount -t overlay overlay -o "lowerdir=$root/usr/share:/usr/share" /usr/share
exec "$@"
`;

export const filezilla: Client = {
  program: "filezilla",
  needs: ["Xvfb", "xdotool"],
  modes: ["passive"],
  families: ["IPv4"],
  // It lists before it transfers, and does not tell what.
  kinds: ["download", "resume", "upload"],
  anyBytes: false,
  security: ["explicit", "implicit"],
  isTlsOnly: true,
  play: (visit) => {
    const { host, port, user, password, steps, tls, program } = visit;
    if (tls === undefined || program === undefined) throw new Error("it is played under TLS alone");
    const input = JSON.stringify({ root: program.root, host, port, user, password, steps, tls });
    const session = path.join(import.meta.dirname, "filezilla-session.ts");
    const libraries = `LD_LIBRARY_PATH=${program.env["LD_LIBRARY_PATH"] ?? ""}`;
    const own = ["env", libraries, process.execPath, "--no-warnings", session, Buffer.from(input).toString("base64")];
    const command = ["sh", "-ec", mounts, "sh", program.root, ...own];
    return launch({ ...visit, program: undefined }, command);
  },
};
