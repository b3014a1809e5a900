/** Only phones load this package. */
export default {};
