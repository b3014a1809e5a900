/** No WebRTC here: a torrent whose peers are named by their addresses needs none, and says so by these being absent. */
export const RTCPeerConnection = undefined;
export const RTCSessionDescription = undefined;
export const RTCIceCandidate = undefined;
