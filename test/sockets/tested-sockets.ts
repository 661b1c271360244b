// The kind of sockets that suites run on.
import { nodeSockets, type Sockets } from "../../src/sockets/sockets.ts";

export const testedSockets: Sockets = nodeSockets;
