// TLS that ends at the gateway, with real programs: a sample of the FTPS matrix, on either leg and on both. The whole of it is a
// command of its own: `npm run ftps`.
import { beforeEach } from "vitest";
import { obstacleTo, requireNone } from "../availability.ts";
import { isServerSecured, tlsCells } from "./cells.ts";
import { describeSample } from "./sample.ts";

const obstacle = await obstacleTo("nft", "vsftpd", "curl", "lftp", "python3");
beforeEach((context) => requireNone(obstacle, context));

/** vsftpd insists on a resumed session where it is under TLS. */
const sample = tlsCells.filter(
  (cell) =>
    cell.legs !== "passthrough" &&
    cell.version === "TLSv1.3" &&
    cell.security === "explicit" &&
    cell.server === "vsftpd" &&
    (isServerSecured(cell) ? ["lftp", "Python ftplib"] : ["curl", "lftp"]).includes(cell.client),
);

describeSample("clients do through a gateway that speaks TLS what they do directly", sample, {
  obstacle,
  logged: "TLS started",
});
