// Probe query: what one request for a probe may ask for.
import { z } from "zod";

/** A form by its name, or `passive` and `active` for the usual one of the address family. */
export const probeQueryModes = ["passive", "active", "pasv", "epsv", "port", "eprt"] as const;

export const probeQuerySchema = z.object({
  gateway: z.string(),
  mode: z.enum(probeQueryModes).optional().describe("Left out: passive"),
});
