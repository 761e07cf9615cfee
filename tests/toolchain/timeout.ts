/** From jest.config.js: jest itself takes no testTimeout per project. https://github.com/jestjs/jest/issues/9696 */
declare const testSeconds: number;

jest.setTimeout(testSeconds * 1000);
