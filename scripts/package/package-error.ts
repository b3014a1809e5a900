/** Failures of building, packing and checking the package. Codes are never reused. */
export type PackageErrorCode =
  'BUILD_FAILED' | 'PARTS_MISSING' | 'MANIFEST_INVALID' | 'PROGRAM_FAILED' | 'CHECK_FAILED';

/** A coded failure with the values that explain it. */
export class PackageError extends Error {
  readonly code: PackageErrorCode;
  readonly values: Readonly<Record<string, string | number>>;

  constructor(
    code: PackageErrorCode,
    message: string,
    values: Readonly<Record<string, string | number>> = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'PackageError';
    this.code = code;
    this.values = values;
  }
}
