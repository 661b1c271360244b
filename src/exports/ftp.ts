// Export `ftp-alg/ftp`: the FTP language for other programs. It only names what they may rely on; nobody in src/ imports it.
export { createCommandReader, type CommandEvent, type CommandReader } from "../ftp/command-reader.ts";
export { maskCommand, parseCommand, transferDirection, type Command } from "../ftp/command.ts";
export {
  format229,
  formatEprt,
  parse229,
  parseEprt,
  parseEpsv,
  type EprtReading,
  type EpsvArgument,
  type PortReading,
} from "../ftp/extended.ts";
export { format227, formatPort, parse227, parsePort, type EndpointReading } from "../ftp/host-port.ts";
export { quirks, type Quirk } from "../ftp/quirks.ts";
export { createReplyReader, type ReplyEvent, type ReplyReader } from "../ftp/reply-reader.ts";
export { formatReply, readReplyLine, type ReplyLine } from "../ftp/reply.ts";
export { formatEndpoint, parseEndpoint, type Endpoint } from "../net/endpoint.ts";
