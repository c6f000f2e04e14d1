"""What a person looks at: contact sheets, and reports as pages of HTML."""
