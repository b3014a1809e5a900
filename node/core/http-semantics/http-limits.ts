/** Named limits of what a request may say about content. Units are in the names. */

/** Longest request target: scheme, path and query of any request that this interface describes fit well. */
export const MAX_TARGET_LENGTH = 4096;
/** Longest path below /ipfs/, as it is written. */
export const MAX_PATH_LENGTH = 1024;
/** Names between the root and what is asked for. */
export const MAX_PATH_SEGMENTS = 32;
/** Longest name of a directory entry in UTF-8, as file systems have it. */
export const MAX_SEGMENT_BYTES = 255;
/** Parameters of a query that are looked at; more make it invalid. */
export const MAX_QUERY_PARAMETERS = 32;

/** Longest Range header that is parsed; a longer one is ignored (RFC 9110, section 14.2). */
export const MAX_RANGE_HEADER_LENGTH = 1024;
/** Ranges of one request, before merging; more are ignored and the whole is sent (RFC 9110, section 14.2). */
export const MAX_RANGES = 32;
/** Ranges closer than this are sent as one: the headers of a part take about as much (RFC 9110, section 15.3.7.2). */
export const MERGE_GAP_BYTES = 128;

/** Entity tags of one condition that are compared. */
export const MAX_ENTITY_TAGS = 64;
/** Media ranges of one Accept header that are weighed. */
export const MAX_MEDIA_RANGES = 64;
