package builder

import (
	"fmt"

	"example.com/minikit/solver/pb"
)

// RequestDescribe asks what else may be asked.
const RequestDescribe = "frontend.subrequests.describe"

// subrequest answers a request that is no build.
func subrequest(id string) (*pb.Definition, error) {
	if id != RequestDescribe {
		return nil, fmt.Errorf("unsupported request %s", id)
	}
	return &pb.Definition{Meta: map[string]string{"result.txt": RequestDescribe}}, nil
}
