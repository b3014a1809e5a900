/** A block is in the memory of another process of this node only: that process answers the request. */
export class PassingBlock extends Error {
  constructor() {
    super('The block is not stored; another process of this node has it in memory.');
    this.name = 'PassingBlock';
  }
}
