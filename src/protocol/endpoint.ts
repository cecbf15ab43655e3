/** Where the WebSocket door is, for both sides of it. */

export const PORT_DEFAULT = 4500;
export const WEBSOCKET_PATH = "/cambium";
/** Names the protocol of schemas/cambium.fbs in the upgrade; its versions are agreed upon by Hello and Welcome. */
export const SUBPROTOCOL = "cambium.v1";
