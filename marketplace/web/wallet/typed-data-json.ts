import type { TypedDataDomain, TypedDataTypes } from './wallet.ts';

/** What `eth_signTypedData_v4` takes: types with the domain's own, integers as decimal digits. */
export function typedDataJson(
  domain: TypedDataDomain,
  types: TypedDataTypes,
  message: Readonly<Record<string, unknown>>,
): string {
  return JSON.stringify(
    {
      domain,
      types: {
        EIP712Domain: [
          { name: 'name', type: 'string' },
          { name: 'version', type: 'string' },
          { name: 'chainId', type: 'uint256' },
          { name: 'verifyingContract', type: 'address' },
        ],
        ...types,
      },
      primaryType: primaryTypeOf(types),
      message,
    },
    (_name, value: unknown) => (typeof value === 'bigint' ? value.toString() : value),
  );
}

/** The struct that no other struct contains (EIP-712). */
export function primaryTypeOf(types: TypedDataTypes): string {
  const contained = new Set(
    Object.values(types).flatMap((members) => members.map(({ type }) => type.replace(/\[.*$/, ''))),
  );
  return Object.keys(types).find((name) => !contained.has(name)) ?? '';
}
