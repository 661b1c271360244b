// Advertising: the addresses that peers are told, so that their data connections come here.
import { familyOf, networkContains, type Endpoint } from "../net/endpoint.ts";
import type { AddressSource, Advertised, GatewayOptions } from "./options.ts";

export type Advertising = {
  /** Every address that has to be looked up has been found: before that there is no session. */
  isKnown(): boolean;
  /**
   * What 227 names to this client: the address of the first rule that names its network, then the common one, then the one that it has
   * connected to. Only what is of the same family can be announced on a connection.
   */
  toClient(client: Endpoint, reached: Endpoint): string;
  /** What PORT and EPRT name to a server; `local` is our end of the connection to it. */
  toServer(local: Endpoint): string;
};

/** The addresses that were found last, of one family or of both; undefined as long as there were none. */
export type FindAddresses = (source: AddressSource) => readonly string[] | undefined;

type Sides = {
  readonly clientSide: Pick<GatewayOptions["clientSide"], "advertise" | "advertiseTo">;
  readonly serverSide: Pick<GatewayOptions["serverSide"], "advertise">;
};

export function createAdvertising({ clientSide, serverSide }: Sides, find: FindAddresses): Advertising {
  const sources = addressSources({ clientSide, serverSide });
  const announced = (advertised: Advertised | undefined, local: Endpoint): string => {
    const found = typeof advertised === "object" ? find(advertised) : advertised === undefined ? [] : [advertised];
    return found?.find((address) => familyOf(address) === familyOf(local.address)) ?? local.address;
  };
  return {
    isKnown: () => sources.every((source) => find(source) !== undefined),
    toClient(client, reached) {
      const rule = clientSide.advertiseTo.find(({ clients }) => networkContains(clients, client.address));
      return announced(rule?.address ?? clientSide.advertise, reached);
    },
    toServer: (local) => announced(serverSide.advertise, local),
  };
}

/** What has to be looked up. */
export function addressSources({ clientSide, serverSide }: Sides): readonly AddressSource[] {
  const all = [clientSide.advertise, ...clientSide.advertiseTo.map(({ address }) => address), serverSide.advertise];
  return all.filter((one) => typeof one === "object");
}
