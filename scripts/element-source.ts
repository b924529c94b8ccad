/** What of an ElementDefinition is read (FHIR R4 elementdefinition.html). */
export type ElementSource = {
  path: string;
  min?: number;
  max?: string;
  base?: { max: string };
  type?: {
    code: string;
    targetProfile?: string[];
    profile?: string[];
    extension?: { valueUrl?: string }[];
  }[];
  contentReference?: string;
  constraint?: { key: string; severity: string; human: string; expression?: string }[];
  binding?: { strength: string; valueSet?: string };
  isSummary?: boolean;
};
