export { type House } from "./house.ts";
export { makeInteraction, type Interaction, type InteractionPorts } from "./interaction.ts";
