/** How a model is asked: in plain data, as an analysis configuration says it. */

export const contentTypes = ['text/csv', 'application/jsonlines', 'application/json'] as const;
export type ContentType = (typeof contentTypes)[number];

export interface PredictorPlan {
  readonly modelName: string | undefined;
  /**
   * The model of this endpoint's first variant, rather than `modelName`. Its live servers are
   * never asked: a server of the same model is.
   */
  readonly endpointName: string | undefined;
  readonly contentType: ContentType;
  readonly acceptType: ContentType;
  /** JSON Lines: a line. JSON: the document, around `$records` or `$record`. */
  readonly contentTemplate: string | undefined;
  readonly recordTemplate: string | undefined;
  /** Where the predicted label is in an answer: a column's index, or an expression. */
  readonly label: string | number | undefined;
  readonly probability: string | number | undefined;
  /** Names of the classes whose probabilities the model answers, in their order. */
  readonly labelHeaders: readonly (string | number)[] | undefined;
  readonly customAttributes: string | undefined;
}
