// Advice for clients: what to type into FileZilla, WinSCP, curl, lftp and Windows Explorer to go through a gateway.
import type { Entrance, Subject } from "./advice-subject.ts";
import { wrapped } from "./wrapped.ts";

/** A block for each client, with a line of its own for each thing to type. */
export function clientAdvice({ gateway: { route }, entrance }: Subject): string[] {
  if (route.kind === "transparent") {
    return wrapped(
      "Nothing changes: they connect to the server itself, and their router sends the connection through the gateway. Passive " +
        "mode is the surest.",
      "  ",
    );
  }
  return route.kind === "login" ? throughLogin(entrance) : direct(entrance);
}

/** As in a URL: the port where it is not FTP's own. */
function authority({ host, port }: Entrance): string {
  const address = host.includes(":") ? `[${host}]` : host;
  return port === 21 ? address : `${address}:${port}`;
}

function block(client: string, rows: readonly (readonly [name: string, value: string])[]): string[] {
  return ["", `  ${client}`, ...rows.flatMap(([name, value]) => wrapped(value, `    ${name.padEnd(20)}`))];
}

function command(client: string, lines: readonly (readonly [what: string, line: string])[]): string[] {
  return ["", `  ${client}`, ...lines.flatMap(([what, line]) => [`    # ${what}`, `    ${line}`])];
}

function direct(entrance: Entrance): string[] {
  const { host, port } = entrance;
  const url = `ftp://${authority(entrance)}/`;
  return [
    ...block("FileZilla  (File › Site Manager › New site)", [
      ["Protocol", "FTP - File Transfer Protocol"],
      ["Host", host],
      ["Port", String(port)],
      ["Encryption", "Only use plain FTP (insecure)"],
      ["Transfer Settings", "Passive"],
    ]),
    ...block("WinSCP  (New Session)", [
      ["File protocol", "FTP"],
      ["Encryption", "No encryption"],
      ["Host name", host],
      ["Port number", String(port)],
      ["Advanced", "Connection › Passive mode: on"],
    ]),
    ...command("curl", [
      ["passive mode: a listing", `curl --user NAME ${url}`],
      ["passive mode: a file up", `curl --user NAME --upload-file FILE ${url}`],
      ["active mode, where a firewall lets the gateway in", `curl --user NAME --ftp-port - ${url}`],
    ]),
    ...command("lftp", [
      ["passive mode", `lftp -u NAME -e "ls; bye" ${url}`],
      ["active mode", `lftp -u NAME -e "set ftp:passive-mode off; ls; bye" ${url}`],
    ]),
    ...block("Windows Explorer", [
      ["Address bar", `ftp://NAME@${authority(entrance)}/`],
      ["Internet Options", "Advanced › Use Passive FTP: on"],
    ]),
  ];
}

const server = "ftp.example.com";

function throughLogin(entrance: Entrance): string[] {
  const { host, port } = entrance;
  const url = `ftp://${authority(entrance)}/`;
  return [
    "",
    ...wrapped(
      `Connect to the gateway, and name the server in the login: NAME@SERVER. Here the server is ${server}.`,
      "  ",
    ),
    ...block("FileZilla  (File › Site Manager › New site)", [
      ["Protocol", "FTP - File Transfer Protocol"],
      ["Host", host],
      ["Port", String(port)],
      ["Encryption", "Only use plain FTP (insecure)"],
      ["User", `NAME@${server}`],
      ["Transfer Settings", "Passive"],
      ["For all sites", `or: Edit › Settings › FTP › FTP Proxy: USER@HOST, proxy host ${authority(entrance)}`],
    ]),
    ...block("WinSCP  (New Session)", [
      ["File protocol", "FTP"],
      ["Encryption", "No encryption"],
      ["Host name", host],
      ["Port number", String(port)],
      ["User name", `NAME@${server}`],
    ]),
    ...command("curl", [["passive mode", `curl --user 'NAME@${server}' ${url}`]]),
    ...command("lftp", [["passive mode", `lftp -u 'NAME@${server}' -e "ls; bye" ${url}`]]),
    ...block("Windows Explorer", [
      ["Address bar", url],
      ["User name", `NAME@${server}`],
    ]),
  ];
}
