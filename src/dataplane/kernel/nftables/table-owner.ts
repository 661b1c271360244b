// Owner of a table, one living gateway: it holds the table's name as an abstract socket. The kernel keeps such names per
// network namespace, as it does tables, and drops them with their process, however that ends.
import { createServer, type Server } from "node:net";

/** Closing the server gives the table up. */
export function ownTable(table: string): Promise<Server | { readonly taken: string }> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy());
    server.once("error", (error: NodeJS.ErrnoException) => {
      const isTaken = error.code === "EADDRINUSE";
      resolve({ taken: isTaken ? "another gateway that is running owns it" : error.message });
    });
    server.listen(`\0ftp-alg/inet/${table}`, () => {
      server.unref();
      resolve(server);
    });
  });
}
